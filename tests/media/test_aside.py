"""What is put aside comes back as it was."""

from pathlib import Path

import numpy as np
import pytest

from vidstyle.media.aside import SUFFIX, put_aside, take_back


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (33, 17), (120, 160), (388, 640)])
def test_every_pixel_comes_back(tmp_path: Path, size: tuple[int, int]) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    put_aside(tmp_path / f"a{SUFFIX}", rgb)
    assert np.array_equal(take_back(tmp_path / f"a{SUFFIX}"), rgb)
