"""Key frames come from all over a video, and little is decoded for them."""

from pathlib import Path

import numpy as np
import pytest

from tests.clips import make_clip, make_truncated, still
from vidstyle.media.keyframes import key_frames
from vidstyle.media.probe import probe

TIMES = [0.0, 2.0, 3.9, 5.0]


def shades(path: Path) -> list[int]:
    return [round(float(picture.rgb.mean()) / 20) for picture in key_frames(probe(path), TIMES)]


@pytest.fixture
def grey_a_second(tmp_path: Path) -> dict[str, Path]:
    """Six seconds, each of another grey and beginning with a key frame."""
    return {
        suffix: make_clip(
            tmp_path / f"a.{suffix}",
            frames=72,
            rate=12,
            key_every=12,
            pictures=lambda index: still((index // 12 * 20 + 20,) * 3)(0),
        )
        for suffix in ("mp4", "mkv", "ts")
    }


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_it_gives_the_key_frame_before_each_time_once(grey_a_second: dict[str, Path], suffix: str) -> None:
    assert shades(grey_a_second[suffix]) == [1, 3, 4, 6]
    assert len(list(key_frames(probe(grey_a_second[suffix]), [1.1, 1.2, 1.3]))) == 1


def test_files_that_are_sought_in_roughly_still_give_pictures_from_all_over(grey_a_second: dict[str, Path]) -> None:
    found = shades(grey_a_second["ts"])
    assert len(found) >= 3 and found == sorted(found) and found[-1] >= 5


def test_what_is_missing_or_damaged_is_left_out(grey_a_second: dict[str, Path], tmp_path: Path) -> None:
    whole = make_clip(tmp_path / "w.mp4", frames=72, rate=12, movflags="faststart")
    cut = make_truncated(whole, tmp_path / "cut.mp4", 0.6)
    found = list(key_frames(probe(cut), TIMES))
    assert 1 <= len(found) < 4
    assert all(picture.rgb.dtype == np.uint8 for picture in found)
