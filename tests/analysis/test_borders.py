"""Black borders are found to the pixel, and pictures are left whole."""

import numpy as np
import pytest

from tests.drawings import drawing
from vidstyle.analysis.borders import SOFT_EDGE_PIXELS, Box, find_borders


def boxed(seed: int, left: int, top: int, right: int, bottom: int, black: int = 0) -> np.ndarray:
    frame = np.full((120, 160, 3), black, np.uint8)
    frame[top:bottom, left:right] = drawing(seed, (right - left, bottom - top))
    return frame


@pytest.mark.parametrize("edges", [(0, 16, 160, 104), (20, 0, 140, 120), (10, 12, 150, 108), (0, 10, 160, 120)])
@pytest.mark.parametrize("black", [0, 16])
def test_letterbox_and_pillarbox_are_found(edges: tuple[int, int, int, int], black: int) -> None:
    left, top, right, bottom = edges
    box = find_borders(boxed(seed, *edges, black) for seed in range(5))
    soft = SOFT_EDGE_PIXELS
    assert box == Box(
        left + soft * (left > 0), top + soft * (top > 0), right - soft * (right < 160), bottom - soft * (bottom < 120)
    )
    assert box.crop(boxed(0, *edges)).shape[:2] == (box.bottom - box.top, box.right - box.left)


def test_noise_in_the_border_does_not_hide_it() -> None:
    draw = np.random.default_rng(0)
    frames = [np.clip(boxed(seed, 0, 16, 160, 104, 10) + draw.normal(0, 4, (120, 160, 3)), 0, 255) for seed in range(5)]
    assert find_borders(frame.astype(np.uint8) for frame in frames) == Box(0, 18, 160, 102)


def test_pictures_without_borders_are_left_whole() -> None:
    assert find_borders(drawing(seed) for seed in range(4)) == Box(0, 0, 160, 120)


def test_one_night_scene_does_not_shrink_the_picture() -> None:
    night = np.zeros((120, 160, 3), np.uint8)
    night[50:70, 70:90] = 200
    assert find_borders([night, drawing(1), drawing(2)]) == Box(0, 0, 160, 120)


def test_frames_that_are_all_black_say_nothing() -> None:
    assert find_borders([np.zeros((120, 160, 3), np.uint8)] * 3) == Box(0, 0, 160, 120)
    assert find_borders([]) is None
