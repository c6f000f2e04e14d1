"""What deblurring did to a picture: whether it damaged it, and where two versions of it differ most."""

import cv2
import numpy as np

from vidstyle.analysis.blur import MOTION, Blur
from vidstyle.analysis.light import noise_deviation

RINGS, SHIFTS, LOSES_DETAIL = "rings", "shifts", "loses detail"
REACH_OF_UNKNOWN_BLUR = 3
"""How far a blur is taken to reach where none was measured, pixels."""
FLAT_RANGE = 8.0
"""Of 255: an area is flat, and deblurring leaves it as it is, up to this range of tones within the reach of the blur."""
FLAT_PERCENTILE, LARGEST_WAVES = 99, 12.0
"""How much the range of tones in a small window of a flat area may grow, of 255."""
NOISE_TAIL = 2.6
"""Standard deviations of noise, on both sides, that the range of tones in a flat area may have besides."""
WAVE_WINDOW = np.ones((5, 5), np.uint8)
LEAST_FLAT = 500
CLEAR_CONTRAST = 24.0
HALO, THIN_LINE_GAIN, LARGEST_HALO_SHARE = 12.0, 4.0, 0.05
LARGEST_SHIFT = 0.25
"""Pixels."""
DETAIL_SIGMA, DETAIL_WINDOW = 2.0, 7
LEAST_DETAIL, DETAIL_OVER_NOISE, DETAIL_LEFT, LARGEST_LOSS = 3.0, 3.0, 0.5, 0.01


def damage(before: np.ndarray, after: np.ndarray, blur: Blur | None) -> str:
    """Return what is wrong with `after` as a sharper `before`, both (h, w) float32 grey of 255; empty where nothing is.

    `blur` is the blur that was undone, None where it is not known.
    """
    reach = blur.reach if blur else REACH_OF_UNKNOWN_BLUR
    if float(np.hypot(*shift(before, after, reach))) > LARGEST_SHIFT:
        return SHIFTS
    if _lost_detail(before, after, blur) > LARGEST_LOSS:
        return LOSES_DETAIL
    return RINGS if ringing(before, after, blur) > 1 else ""


def ringing(before: np.ndarray, after: np.ndarray, blur: Blur | None) -> float:
    """Return how strongly waves run through flat areas or halos lie along edges; above 1 they can be seen."""
    return max(_waves(before, after, blur) / LARGEST_WAVES, _halo_share(before, after, blur) / LARGEST_HALO_SHARE)


def _waves(before: np.ndarray, after: np.ndarray, blur: Blur | None) -> float:
    """Return how much the tones of flat areas spread, of 255, at the most wavy percent; 0 where hardly anything is flat."""
    flat = _range(before, _footprint(blur)) <= FLAT_RANGE + 2 * NOISE_TAIL * noise_deviation(before)
    if np.count_nonzero(flat) < LEAST_FLAT:
        return 0.0
    spread = _range(after, WAVE_WINDOW) - _range(before, WAVE_WINDOW)
    return float(np.percentile(spread[flat], FLAT_PERCENTILE))


def _halo_share(before: np.ndarray, after: np.ndarray, blur: Blur | None) -> float:
    """Return the share of edge pixels that left the range of tones around them; thin lines may, since they grow deeper."""
    near = _footprint(blur)
    lowest, highest = cv2.erode(before, near), cv2.dilate(before, near)
    ridge = before - cv2.morphologyEx(before, cv2.MORPH_OPEN, near)
    valley = cv2.morphologyEx(before, cv2.MORPH_CLOSE, near) - before
    beyond = np.maximum(after - highest - THIN_LINE_GAIN * ridge, lowest - after - THIN_LINE_GAIN * valley)
    edges = highest - lowest >= CLEAR_CONTRAST
    return float((beyond[edges] > HALO).mean()) if edges.any() else 0.0


def shift(before: np.ndarray, after: np.ndarray, reach: int) -> tuple[float, float]:
    """Return how far the picture moved (right, down), pixels: one step of Lucas and Kanade (1981) on smooth copies."""
    first, second = (cv2.GaussianBlur(grey, (0, 0), max(2.0, reach / 2)) for grey in (before, after))
    across, down = (cv2.Sobel(first, -1, x, 1 - x, ksize=1, scale=0.5) for x in (1, 0))
    slopes = np.stack([across.ravel(), down.ravel()])
    moved, *_ = np.linalg.lstsq(slopes @ slopes.T, slopes @ (first - second).ravel(), rcond=1e-6)
    return float(moved[0]), float(moved[1])


def _lost_detail(before: np.ndarray, after: np.ndarray, blur: Blur | None) -> float:
    """Return the share of the pixels with fine structure of which most is gone, as far around as blur had spread it."""
    had, has = _detail(before), cv2.dilate(_detail(after), _footprint(blur))
    detailed = had >= max(LEAST_DETAIL, DETAIL_OVER_NOISE * noise_deviation(before))
    return float((has[detailed] < DETAIL_LEFT * had[detailed]).mean()) if detailed.any() else 0.0


def _detail(grey: np.ndarray) -> np.ndarray:
    """Return the local deviation of (h, w) grey from its smooth copy."""
    fine = grey - cv2.GaussianBlur(grey, (0, 0), DETAIL_SIGMA)
    return np.sqrt(cv2.blur(fine * fine, (DETAIL_WINDOW, DETAIL_WINDOW)))


def _range(grey: np.ndarray, around: np.ndarray) -> np.ndarray:
    """Return the range of tones around each pixel."""
    return cv2.dilate(grey, around) - cv2.erode(grey, around)


def _footprint(blur: Blur | None) -> np.ndarray:
    """Return the pixels from which light may have come, grown by two, as a structuring element."""
    reach = (blur.reach if blur else REACH_OF_UNKNOWN_BLUR) + 2
    element = np.zeros((2 * reach + 1, 2 * reach + 1), np.uint8)
    if blur is None or blur.kind != MOTION:
        return cv2.circle(element, (reach, reach), reach, 1, -1)
    ends = [tuple(round(reach + sign * reach * part) for part in blur.direction) for sign in (-1, 1)]
    return cv2.line(element, ends[0], ends[1], 1)


def most_changed(before: np.ndarray, after: np.ndarray, width: int, height: int) -> tuple[slice, slice]:
    """Return rows and columns of the crop, at most `width` by `height`, in which two (h, w, 3) uint8 pictures differ most."""
    rows, columns = min(height, before.shape[0]), min(width, before.shape[1])
    change = cv2.absdiff(before, after).max(axis=2)
    means = cv2.boxFilter(change, cv2.CV_32F, (columns, rows), anchor=(0, 0), borderType=cv2.BORDER_CONSTANT)
    whole = means[: before.shape[0] - rows + 1, : before.shape[1] - columns + 1]
    top, left = np.unravel_index(int(whole.argmax()), whole.shape)
    return slice(int(top), int(top) + rows), slice(int(left), int(left) + columns)
