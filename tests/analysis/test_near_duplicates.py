"""Pictures that look alike are found alike, others are not."""

import itertools

import numpy as np
import pytest

from tests.drawings import blurred, drawing, mixed
from vidstyle.analysis.near_duplicates import Look, SignatureIndex, is_faded_copy, is_same_look, similarity

SEEDS = range(12)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_picture_is_like_itself_however_it_was_coded_or_scaled(seed: int) -> None:
    picture = drawing(seed)
    noisy = np.clip(picture + np.random.default_rng(0).normal(0, 4, picture.shape), 0, 255).astype(np.uint8)
    assert similarity(Look.of(picture), Look.of(picture)) == 1.0
    assert similarity(Look.of(picture), Look.of(noisy)) > 0.85
    assert similarity(Look.of(picture), Look.of(blurred(picture, 1.5))) > 0.85
    assert similarity(Look.of(picture), Look.of(drawing(seed, (320, 240)))) > 0.3


def test_different_drawings_are_not_alike() -> None:
    looks = [Look.of(drawing(seed)) for seed in SEEDS]
    found = [similarity(one, other) for one, other in itertools.combinations(looks, 2)]
    assert max(found) < 0.7
    assert np.mean(found) < 0.25


def test_a_figure_that_moves_makes_a_picture_less_alike() -> None:
    still = Look.of(drawing(3))
    near, far = (similarity(still, Look.of(drawing(3, shift=shift))) for shift in (2, 50))
    assert 1.0 > near > far


def test_a_gallery_answers_as_one_by_one_comparison_does() -> None:
    gallery, looks = SignatureIndex(), [Look.of(drawing(seed)) for seed in range(70)]
    assert len(gallery.similarities(looks[0])) == 0
    for look in looks:
        gallery.add(look)
    assert len(gallery) == 70
    asked = Look.of(drawing(5, shift=4))
    assert gallery.similarities(asked).tolist() == [similarity(one, asked) for one in looks]


@pytest.mark.parametrize("flat", [0, 255])
def test_a_fade_is_told_from_its_picture_and_from_others(flat: int) -> None:
    picture = drawing(4)
    faded = Look.of(mixed(picture, np.full_like(picture, flat), 0.6))
    assert is_faded_copy(faded, Look.of(picture))
    assert not is_faded_copy(Look.of(picture), faded)
    assert not is_faded_copy(faded, Look.of(drawing(5)))
    assert not is_faded_copy(Look.of(drawing(4, shift=3)), Look.of(picture))
    assert not is_faded_copy(Look.of(np.full_like(picture, flat)), Look.of(picture))


def test_the_nearest_look_is_that_of_a_comparison_with_all() -> None:
    gallery, draw = SignatureIndex(), np.random.default_rng(0)
    assert gallery.nearest(Look.of(drawing(1))) is None
    for number in range(300):
        gallery.add(Look.of(drawing(number % 40, shift=int(draw.integers(0, 60)))))
    for number in range(60):
        asked = Look.of(drawing(number, shift=int(draw.integers(0, 60))))
        alike, nearest = gallery.similarities(asked), gallery.nearest(asked)
        assert nearest == (int(alike.argmax()), float(alike.max()))


def test_a_drawing_that_comes_back_has_the_same_look_and_another_mouth_has_not() -> None:
    import cv2

    picture, draw = drawing(6, (320, 240)), np.random.default_rng(0)
    coded_twice = [np.clip(picture + draw.normal(0, 6, picture.shape), 0, 255).astype(np.uint8) for _ in range(2)]
    assert is_same_look(*(Look.of(one) for one in coded_twice))
    speaking = cv2.ellipse(picture.copy(), (150, 120), (9, 6), 0, 0, 360, (20, 15, 15), -1)
    assert not is_same_look(Look.of(picture), Look.of(speaking))
