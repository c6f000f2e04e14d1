"""Scaling goes down only, and makes pixels square."""

import numpy as np
import pytest

from tests.drawings import drawing
from vidstyle.analysis.scale import shrink, square_pixels


def test_the_short_side_is_brought_down_and_never_up() -> None:
    assert shrink(drawing(0, (640, 388)), 288).shape == (288, 475, 3)
    assert shrink(drawing(0, (388, 640)), 288).shape == (475, 288, 3)
    small = drawing(0)
    assert shrink(small, 120) is small and shrink(small, 500) is small


def test_averages_survive() -> None:
    picture = drawing(1, (320, 240))
    assert np.abs(shrink(picture, 60).mean((0, 1)) - picture.mean((0, 1))).max() < 0.5


@pytest.mark.parametrize(
    ("aspect", "size"), [(1.0, (120, 160)), (0.9975, (120, 160)), (4 / 3, (90, 160)), (0.5, (120, 80))]
)
def test_pixels_become_square_without_enlarging(aspect: float, size: tuple[int, int]) -> None:
    assert square_pixels(drawing(0), aspect).shape[:2] == size
