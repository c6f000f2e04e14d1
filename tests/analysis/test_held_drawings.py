"""Frames that show one held drawing are told as one, and their copies make a cleaner picture than each is."""

from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from tests.clips import make_clip
from tests.drawings import blurred, drawing, mixed
from vidstyle.analysis.held_drawings import fused, is_same_drawing
from vidstyle.analysis.sharpness import picture_sharpness

SIZE = (240, 180)


def speaking(seed: int, opened: int) -> np.ndarray:
    """Return a drawing whose mouth is open by so many pixels to each side, and which else stands still."""
    picture = drawing(seed, SIZE)
    cv2.ellipse(picture, (100, 90), (5, 1 + opened), 0, 0, 360, (20, 15, 15), -1, cv2.LINE_AA)
    return picture


def grainy(picture: np.ndarray, deviation: float, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, deviation, picture.shape)
    return np.clip(np.rint(picture + noise), 0, 255).astype(np.uint8)


def decoded(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def grey(rgb: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)


@pytest.mark.parametrize("held", [1, 2, 3])
@pytest.mark.parametrize(
    ("codec", "options", "deviation"),
    [
        ("libx264", {"crf": "20"}, 0),
        ("libx264", {"crf": "30"}, 0),
        ("libx264", {"crf": "16"}, 5),
        ("mpeg2video", {}, 3),
    ],
)
def test_animation_on_ones_twos_and_threes_is_told_drawing_by_drawing(
    held: int, codec: str, options: dict[str, str], deviation: float, tmp_path: Path
) -> None:
    shown = [speaking(7, index // held % 5) for index in range(30)]
    path = make_clip(
        tmp_path / "a.mkv",
        size=SIZE,
        frames=30,
        codec=codec,
        options={"preset": "medium", "b": "3000k", **options},
        pictures=lambda index: grainy(shown[index], deviation, index),
    )
    frames = [grey(one) for one in decoded(path)]
    for first in range(0, 30, held):
        told = [is_same_drawing(frames[first], one) for one in frames[first : first + held + 1]]
        assert told == [True] * held + [False] * (len(told) - held)


def test_a_slow_movement_a_fade_and_another_size_are_no_held_drawing() -> None:
    wide = cv2.resize(drawing(3, SIZE), (480, 360), interpolation=cv2.INTER_LINEAR)
    slow = [cv2.resize(wide[:, shift : shift + 440], SIZE, interpolation=cv2.INTER_AREA) for shift in range(20)]
    assert not is_same_drawing(grey(slow[0]), grey(slow[19]))
    white = np.full_like(slow[0], 255)
    assert not is_same_drawing(grey(slow[0]), grey(mixed(slow[0], white, 0.1)))
    assert not is_same_drawing(grey(slow[0]), grey(drawing(3, (120, 90))))


def test_copies_of_a_drawing_fuse_into_a_cleaner_picture(tmp_path: Path) -> None:
    clean = [speaking(seed, 3) for seed in range(6) for _ in range(4)]
    path = make_clip(
        tmp_path / "a.mkv",
        size=SIZE,
        frames=24,
        options={"crf": "16", "preset": "medium"},
        pictures=lambda index: grainy(clean[index], 5, index),
    )
    frames = decoded(path)
    gains = []
    for first in range(0, 24, 4):
        copies = frames[first : first + 4]
        singly = [cv2.PSNR(grey(one), grey(clean[first])) for one in copies]
        result, count = fused(copies)
        gains.append(cv2.PSNR(grey(result), grey(clean[first])) - max(singly))
        assert count == 4
        assert picture_sharpness(result) >= 0.99 * picture_sharpness(copies[0])
    assert np.mean(gains) > 1.5 and min(gains) > 0


def test_copies_that_do_not_lie_on_each_other_are_not_blurred_together() -> None:
    sharp = drawing(4, SIZE)
    for copies in ([sharp, np.roll(sharp, 2, axis=1)], [sharp, blurred(sharp, 1.5)], [sharp, sharp.copy()], [sharp]):
        result, count = fused(copies)
        assert result is sharp and count == 1
