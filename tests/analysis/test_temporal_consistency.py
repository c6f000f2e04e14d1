"""The warping error sees flicker, and neither motion nor cuts."""

from collections.abc import Iterable

import numpy as np
import pytest

from tests.analysis.test_flow import texture
from vidstyle.analysis.temporal_consistency import WarpingError, WarpingMeter


def error_of(source: Iterable[np.ndarray], video: Iterable[np.ndarray]) -> WarpingError:
    meter = WarpingMeter()
    for one, other in zip(source, video, strict=True):
        meter.update(one, other)
    return meter.result()


def pan(frames: int = 8, seed: int = 1) -> list[np.ndarray]:
    wide = texture(96, 128 + 2 * frames, seed)
    return [wide[:, 2 * index : 2 * index + 128] for index in range(frames)]


def flickering(pictures: list[np.ndarray], levels: float) -> list[np.ndarray]:
    """Return the pictures, every second one brighter by so many levels."""
    return [np.clip(one + levels * (index % 2), 0, 255).astype(np.uint8) for index, one in enumerate(pictures)]


def test_a_picture_that_moves_as_its_source_has_next_to_no_error() -> None:
    found = error_of(pan(), [255 - one for one in pan()])
    assert (found.pairs, found.cuts) == (7, 0)
    assert found.video < 0.6 and abs(found.excess) < 0.05


def test_the_error_grows_by_the_flicker_that_is_put_in() -> None:
    source = pan()
    quiet = [np.clip(one, 20, 230) for one in source]
    excess = [error_of(source, flickering(quiet, levels)).excess for levels in (0, 2, 4, 8)]
    assert excess[1:] == pytest.approx([2, 4, 8], abs=0.6)
    assert excess[0] < 0.1
    assert error_of(source, flickering(quiet, 8)).excess_squared == pytest.approx(64, rel=0.1)


def test_the_sources_own_flicker_is_not_counted_as_excess() -> None:
    lively = flickering([np.clip(one, 20, 230) for one in pan()], 6)
    found = error_of(lively, lively)
    assert found.source > 4 and found.excess == 0


def test_nothing_is_measured_across_a_cut() -> None:
    video = [*pan(5), *pan(5, seed=2)]
    bright = [np.clip(one, 0, 200) for one in video[:5]] + [255 - one // 3 for one in video[5:]]
    found = error_of(bright, bright)
    assert (found.pairs, found.cuts) == (8, 1)
    assert found.video < 0.8


def test_a_video_of_another_size_is_measured_beside_its_source() -> None:
    large = [one.repeat(2, 0).repeat(2, 1) for one in pan()]
    assert error_of(pan(), large) == error_of(pan(), pan())


def test_one_frame_has_no_error() -> None:
    assert error_of(pan(1), pan(1)) == WarpingError(0, 0, 0, 0, pairs=0, cuts=0)
