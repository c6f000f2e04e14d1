"""The measures of a picture's look see what a viewer sees, and are those of their definitions."""

from itertools import chain

import cv2
import numpy as np
import pytest

from tests.drawings import blurred, drawing
from vidstyle.analysis.picture_measures import (
    Drift,
    DriftMeter,
    at_measuring_size,
    chroma_shift,
    edges,
    flat_share,
    gradient,
    lightness_shift,
    plain_areas,
)


def slow_gradient(rgb: np.ndarray) -> np.ndarray:
    """The gradient by loops over every pixel, mirrored at the borders, from its definition."""
    grey = np.rint(rgb.astype(float) @ [0.299, 0.587, 0.114])
    bell = np.exp(-(np.arange(-4, 5) ** 2) / 2)
    bell /= bell.sum()
    smooth = _filtered(grey, np.outer(bell, bell))
    sobel = np.outer([1, 2, 1], [-1, 0, 1])
    return np.hypot(_filtered(smooth, sobel), _filtered(smooth, sobel.T)) / 8


def _filtered(grey: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    reach = len(kernel) // 2
    padded, result = np.pad(grey, reach, mode="reflect"), np.empty_like(grey)
    for row in range(grey.shape[0]):
        for column in range(grey.shape[1]):
            result[row, column] = (padded[row : row + len(kernel), column : column + len(kernel)] * kernel).sum()
    return result


def slow_lab(rgb: np.ndarray) -> np.ndarray:
    """CIE L*a*b* of sRGB colours (..., 3) under D65, from the standards' formulas."""
    share = rgb / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    xyz = linear @ np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]).T
    x, y, z = np.moveaxis(np.cbrt(xyz / [0.9505, 1.0, 1.0888]), -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def noisy(rgb: np.ndarray, deviation: float, seed: int = 0) -> np.ndarray:
    """Return the picture with the same grain on all channels."""
    grain = np.random.default_rng(seed).normal(0, deviation, (*rgb.shape[:2], 1))
    return np.clip(np.rint(rgb + grain), 0, 255).astype(np.uint8)


def test_the_gradient_equals_a_loop_over_every_pixel() -> None:
    picture = noisy(drawing(1, (36, 28)), 5)
    np.testing.assert_allclose(gradient(picture), slow_gradient(picture), atol=0.12)


def test_the_measures_equal_their_definitions_on_slow_gradients() -> None:
    photo, painted = noisy(drawing(1, (40, 32)), 4), noisy(blurred(drawing(1, (40, 32)), 0.8), 2)
    before, after = slow_gradient(photo), slow_gradient(painted)
    plain = before <= np.sort(before.ravel())[int(0.3 * before.size)]
    expected = (after[plain].mean() + 0.05) / (before[plain].mean() + 0.05)
    assert plain_areas(photo, painted) == pytest.approx(expected, rel=0.02)
    assert flat_share(painted) == pytest.approx((after < 0.5).mean(), abs=0.02)
    centred = (before - before.mean()) * (after - after.mean())
    assert edges(photo, painted) == pytest.approx(centred.mean() / before.std() / after.std(), abs=0.01)


def test_shifts_are_distances_of_cells_in_lab() -> None:
    first, second = np.array([200, 120, 60]), np.array([90, 110, 130])
    photo, painted = (np.tile(colour.astype(np.uint8), (32, 48, 1)) for colour in (first, second))
    lightness, a, b = slow_lab(first) - slow_lab(second)
    assert chroma_shift(photo, painted) == pytest.approx(np.hypot(a, b), rel=0.02)
    assert lightness_shift(photo, painted) == pytest.approx(abs(lightness), rel=0.02)


def test_a_colour_that_moved_in_less_than_half_of_the_cells_does_not_move_the_median() -> None:
    photo = drawing(3, (160, 96))
    painted = photo.copy()
    painted[:40] = 255 - painted[:40]
    assert chroma_shift(photo, painted) < 0.01 and lightness_shift(photo, painted) < 0.01
    painted[40:60] = 255 - painted[40:60]
    assert lightness_shift(photo, painted) > 1


def test_a_photo_as_it_is_is_as_calm_as_itself() -> None:
    photo = noisy(drawing(0, (160, 96)), 3)
    assert plain_areas(photo, photo) == 1
    assert edges(photo, photo) == pytest.approx(1)
    assert chroma_shift(photo, photo) == lightness_shift(photo, photo) == 0


def test_lines_in_the_sky_are_not_calm_and_flat_colours_are_flat() -> None:
    photo = noisy(drawing(0, (160, 96)), 3)
    lined = photo.copy()
    lined[:48:6] = 30
    calm = cv2.bilateralFilter(photo, 9, 40, 9)
    assert plain_areas(photo, lined) > 2 > 1 > plain_areas(photo, calm)
    assert flat_share(calm) > 1.8 * flat_share(photo)
    assert edges(photo, calm) > 0.8 > edges(photo, lined)


def test_a_blank_picture_has_figures_too() -> None:
    blank = np.zeros((40, 40, 3), np.uint8)
    assert (plain_areas(blank, blank), flat_share(blank), edges(blank, drawing(0, (40, 40)))) == (1, 1, 0)


@pytest.mark.parametrize("size", [(640, 480), (100, 150)])
def test_pictures_are_compared_at_one_size(size: tuple[int, int]) -> None:
    photo, painted = at_measuring_size(drawing(0, size), drawing(0, (200, 150)))
    assert min(photo.shape[:2]) == 288
    assert photo.shape == painted.shape
    assert photo.shape[1] / photo.shape[0] == pytest.approx(size[0] / size[1], rel=0.01)


def shot(seed: int, frames: int = 4) -> list[np.ndarray]:
    return [drawing(seed, (64, 48), shift) for shift in range(frames)]


def tinted(frames: list[np.ndarray], levels: tuple[int, int, int]) -> list[np.ndarray]:
    return [np.clip(frame.astype(int) + levels, 0, 255).astype(np.uint8) for frame in frames]


def drift(source: list[np.ndarray], video: list[np.ndarray]) -> Drift:
    meter = DriftMeter()
    for frames in zip(source, video, strict=True):
        meter.update(*frames)
    return meter.result()


def mean_shift(source: list[np.ndarray], video: list[np.ndarray]) -> np.ndarray:
    """Return the mean L*a*b* of one shot less that of its source, colour by colour."""
    means = []
    for frames in (video, source):
        colours, counts = np.unique(np.stack(frames).reshape(-1, 3), axis=0, return_counts=True)
        means.append(np.average([slow_lab(colour) for colour in colours], axis=0, weights=counts))
    return means[0] - means[1]


def test_the_drift_is_the_largest_distance_of_the_shifts_of_two_shots() -> None:
    shots = [shot(1), shot(5), shot(6)]
    painted = [
        tinted(frames, levels) for frames, levels in zip(shots, [(20, 0, 0), (0, 0, 0), (-20, 0, 10)], strict=True)
    ]
    shifts = [mean_shift(*pair) for pair in zip(shots, painted, strict=True)]
    largest = max(float(np.linalg.norm(shift - other)) for shift in shifts for other in shifts)
    found = drift([*chain(*shots)], [*chain(*painted)])
    assert found.shots == 3
    assert found.largest == pytest.approx(largest, rel=0.06)


def test_a_shift_that_stays_the_same_is_no_drift() -> None:
    grey = [[np.full((48, 64, 3), level, np.uint8)] * 4 for level in (60, 120, 180)]
    source = [frame for frames in grey for frame in frames]
    assert drift(source, source) == Drift(0.0, 3)
    warm = [np.full((48, 64, 3), (30, 20, 10), np.uint8) + frame // 2 for frame in source]
    assert (drift(source, warm).largest or 0) > 5


def test_with_one_shot_there_is_no_drift_and_a_flash_is_none() -> None:
    assert drift(shot(1), tinted(shot(1), (9, 9, 9))) == Drift(None, 1)
    flash = [*shot(1), np.full((48, 64, 3), 255, np.uint8), *shot(1)]
    black = [*shot(1), np.zeros((48, 64, 3), np.uint8), *shot(1)]
    assert drift(flash, black) == Drift(pytest.approx(0, abs=1e-4), 2)
