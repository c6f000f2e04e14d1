"""The warping error sees flicker and neither motion nor cuts; flicker, sharpness and drift are told apart."""

from collections.abc import Iterable

import cv2
import numpy as np
import pytest

from tests.analysis.test_flow import texture
from tests.drawings import blurred
from vidstyle.analysis.temporal_consistency import Steadiness, SteadinessMeter, WarpingError, WarpingMeter


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


def measured(source: list[np.ndarray], video: list[np.ndarray]) -> Steadiness:
    meter = SteadinessMeter()
    for one, other in zip(source, video, strict=True):
        meter.update(one, other)
    return meter.result()


def grey(level: int, size: tuple[int, int] = (48, 64)) -> np.ndarray:
    return np.full((*size, 3), level, np.uint8)


def lightness(level: int) -> float:
    """L* of an sRGB grey, from the definition in CIE 15 and IEC 61966-2-1, above their linear parts."""
    return 116 * ((level / 255 + 0.055) / 1.055) ** (2.4 / 3) - 16


def test_flicker_is_the_change_of_mean_lightness() -> None:
    found = measured([grey(119)] * 4, [grey(119), grey(131), grey(119), grey(131)])
    step = lightness(131) - lightness(119)
    assert found.flicker == (pytest.approx(step, abs=0.2), 0.0), "OpenCV's L* is exact to 0.2"
    assert found.colour_drift == pytest.approx(step / 2, abs=0.1)
    assert found.colour_shift == pytest.approx(step / 2, abs=0.1)


def test_a_constant_change_of_colours_is_a_shift_and_no_drift() -> None:
    still = pan()[:1] * 4
    found = measured(still, [np.clip(one, 0, 200) // 2 + 60 for one in still])
    assert found.colour_shift > 5
    assert found.colour_drift < 1e-3


def test_what_happens_at_a_cut_is_no_flicker() -> None:
    source = [np.clip(one, 0, 60) for one in pan(5)] + [255 - one // 4 for one in pan(5, seed=2)]
    assert measured(source, source).flicker[0] < 0.5
    assert measured(source, flickering(source, 8)).flicker[0] > 1


def test_sharpness_is_that_of_each() -> None:
    checks = np.kron(np.indices((6, 8)).sum(0) % 2, np.ones((12, 12))).astype(np.uint8)[..., None].repeat(3, 2) * 200
    found = measured([checks], [blurred(checks, 2)])
    assert found.sharpness[0] < 0.6 * found.sharpness[1]


def test_a_picture_that_is_only_larger_is_as_sharp() -> None:
    wide = pan(1)[0]
    large = cv2.resize(wide, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    for source, video in ((wide, large), (large, wide)):
        found = measured([source], [video])
        assert found.sharpness[0] == pytest.approx(found.sharpness[1], rel=0.05)


def test_one_frame_has_no_flicker() -> None:
    assert measured([grey(10)], [grey(20)]).flicker is None
