"""Pictures that look alike are found alike, others are not."""

import itertools

import numpy as np
import pytest

from tests.drawings import blurred, drawing, mixed
from vidstyle.analysis.near_duplicates import Signature, SignatureIndex, is_faded_copy, is_same_picture, similarity

SEEDS = range(12)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_picture_is_like_itself_however_it_was_coded_or_scaled(seed: int) -> None:
    picture = drawing(seed)
    noisy = np.clip(picture + np.random.default_rng(0).normal(0, 4, picture.shape), 0, 255).astype(np.uint8)
    assert similarity(Signature.of(picture), Signature.of(picture)) == 1.0
    assert similarity(Signature.of(picture), Signature.of(noisy)) > 0.85
    assert similarity(Signature.of(picture), Signature.of(blurred(picture, 1.5))) > 0.85
    assert similarity(Signature.of(picture), Signature.of(drawing(seed, (320, 240)))) > 0.3


def test_different_drawings_are_not_alike() -> None:
    signatures = [Signature.of(drawing(seed)) for seed in SEEDS]
    found = [similarity(one, other) for one, other in itertools.combinations(signatures, 2)]
    assert max(found) < 0.7
    assert np.mean(found) < 0.25


def test_a_figure_that_moves_makes_a_picture_less_alike() -> None:
    still = Signature.of(drawing(3))
    near, far = (similarity(still, Signature.of(drawing(3, shift=shift))) for shift in (2, 50))
    assert 1.0 > near > far


def test_an_index_answers_as_one_by_one_comparison_does() -> None:
    index, signatures = SignatureIndex(), [Signature.of(drawing(seed)) for seed in range(70)]
    assert len(index.similarities(signatures[0])) == 0
    for signature in signatures:
        index.add(signature)
    assert len(index) == 70
    asked = Signature.of(drawing(5, shift=4))
    assert index.similarities(asked).tolist() == [similarity(one, asked) for one in signatures]


@pytest.mark.parametrize("flat", [0, 255])
def test_a_fade_is_told_from_its_picture_and_from_others(flat: int) -> None:
    picture = drawing(4)
    faded = Signature.of(mixed(picture, np.full_like(picture, flat), 0.6))
    assert is_faded_copy(faded, Signature.of(picture))
    assert not is_faded_copy(Signature.of(picture), faded)
    assert not is_faded_copy(faded, Signature.of(drawing(5)))
    assert not is_faded_copy(Signature.of(drawing(4, shift=3)), Signature.of(picture))
    assert not is_faded_copy(Signature.of(np.full_like(picture, flat)), Signature.of(picture))


def test_the_nearest_signature_is_that_of_a_comparison_with_all() -> None:
    index, draw = SignatureIndex(), np.random.default_rng(0)
    assert index.nearest(Signature.of(drawing(1))) is None
    for number in range(300):
        index.add(Signature.of(drawing(number % 40, shift=int(draw.integers(0, 60)))))
    for number in range(60):
        asked = Signature.of(drawing(number, shift=int(draw.integers(0, 60))))
        alike, nearest = index.similarities(asked), index.nearest(asked)
        assert nearest == (int(alike.argmax()), float(alike.max()))


def test_a_drawing_that_comes_back_is_the_same_picture_and_another_mouth_is_not() -> None:
    import cv2

    picture, draw = drawing(6, (320, 240)), np.random.default_rng(0)
    coded_twice = [np.clip(picture + draw.normal(0, 6, picture.shape), 0, 255).astype(np.uint8) for _ in range(2)]
    assert is_same_picture(*(Signature.of(one) for one in coded_twice))
    speaking = cv2.ellipse(picture.copy(), (150, 120), (9, 6), 0, 0, 360, (20, 15, 15), -1)
    assert not is_same_picture(Signature.of(picture), Signature.of(speaking))
