"""The place where two versions of a picture differ most is found."""

import numpy as np
import pytest

from tests.drawings import drawing
from vidstyle.analysis.damage import most_changed


@pytest.mark.parametrize(("top", "left"), [(0, 0), (40, 90), (100, 140)])
def test_the_crop_holds_what_changed(top: int, left: int) -> None:
    before = drawing(1)
    after = before.copy()
    after[top : top + 20, left : left + 20] = 255 - after[top : top + 20, left : left + 20]
    rows, columns = most_changed(before, after, 60, 40)
    assert (rows.stop - rows.start, columns.stop - columns.start) == (40, 60)
    assert rows.start <= top and rows.stop >= min(top + 20, 120) and rows.start >= 0 and rows.stop <= 120
    assert columns.start <= left and columns.stop >= min(left + 20, 160) and columns.start >= 0 and columns.stop <= 160


def test_a_picture_smaller_than_the_crop_is_taken_whole() -> None:
    assert most_changed(drawing(1, (48, 36)), drawing(2, (48, 36)), 60, 40) == (slice(0, 36), slice(0, 48))
    assert most_changed(np.zeros((9, 9, 3), np.uint8), np.zeros((9, 9, 3), np.uint8), 4, 3) == (
        slice(0, 3),
        slice(0, 4),
    )
