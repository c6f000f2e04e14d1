"""How calm, how flat and how true to its photo a painted picture is, and how far a video's colours drift from shot to shot.

The Fréchet distances of `vidstyle evaluate` compare textures. They do not see lines drawn into a plain sky, nor a red door
turned brown. These measures do. All of them compare a painted picture with the photo it was painted from.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from vidstyle.analysis.cuts import CutDetector
from vidstyle.analysis.scale import shrink, to_size

PICTURE_SHORT_SIDE = 288
"""Short side in pixels that photo and painting are brought to before they are compared, so that figures are comparable."""
PLAIN_PERCENTILE = 30
"""A pixel counts as plain where the photo's gradient is at most at this percentile."""
LEAST_GRADIENT = 0.05
"""Levels a pixel added to both mean gradients of plain areas, so that a black photo does not divide by zero."""
FLAT_GRADIENT = 0.5
"""Gradient, levels a pixel, below which a pixel is flat: less than what rounding to whole levels shows."""
COLOUR_CELLS = 16
"""Colours are compared as means of so many cells across and down."""
DRIFT_SHORT_SIDE = 90
LEAST_SHOT_FRAMES = 3
"""Shorter shots do not count for the drift: a flash of one or two frames counts as a shot of its own."""


def at_measuring_size(photo: np.ndarray, painted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return both pictures, (h, w, 3) uint8 RGB of any sizes, at the photo's shape with a short side of 288 pixels.

    Pictures are scaled down by area averaging; a smaller one is enlarged, since figures depend on the size.
    """
    scale = PICTURE_SHORT_SIDE / min(photo.shape[:2])
    size = round(photo.shape[1] * scale), round(photo.shape[0] * scale)
    measured, beside = (cv2.resize(rgb, size, interpolation=cv2.INTER_AREA) for rgb in (photo, painted))
    return measured, beside


def gradient(rgb: np.ndarray) -> np.ndarray:
    """Return the size of the gradient of the grey picture, (h, w) float32 in levels a pixel, of (h, w, 3) uint8 RGB.

    The grey (ITU-R BT.601) is smoothed by a Gaussian of deviation 1 first; the gradient is Sobel's, divided by 8.
    """
    grey = cv2.GaussianBlur(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), 1.0)
    return np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)) / 8


def plain_areas(photo: np.ndarray, painted: np.ndarray) -> float:
    """Return the painting's mean gradient over the photo's where the photo is plain, both (h, w, 3) uint8 RGB.

    Plain is the part with the smallest 30 % of the photo's gradients. 1 is as calm as the photo; more means that
    something was drawn into skies and walls.
    """
    before, after = gradient(photo), gradient(painted)
    plain = before <= np.percentile(before, PLAIN_PERCENTILE)
    return float((after[plain].mean() + LEAST_GRADIENT) / (before[plain].mean() + LEAST_GRADIENT))


def flat_share(painted: np.ndarray) -> float:
    """Return the share, 0..1, of pixels of (h, w, 3) uint8 RGB whose gradient is below half a level: flat colour."""
    return float((gradient(painted) < FLAT_GRADIENT).mean())


def chroma_shift(photo: np.ndarray, painted: np.ndarray) -> float:
    """Return the median over 16 x 16 cells of how far the mean a*b* of the photo and the painting are apart.

    Both are (h, w, 3) uint8 RGB of at least 16 pixels a side; the distance is Euclidean in CIE L*a*b*.
    """
    moved = _cell_colours(photo) - _cell_colours(painted)
    return float(np.median(np.hypot(moved[..., 1], moved[..., 2])))


def lightness_shift(photo: np.ndarray, painted: np.ndarray) -> float:
    """Return the median over 16 x 16 cells of how far the mean L* (0..100) are apart; shapes as for `chroma_shift`."""
    moved = _cell_colours(photo) - _cell_colours(painted)
    return float(np.median(np.abs(moved[..., 0])))


def edges(photo: np.ndarray, painted: np.ndarray) -> float:
    """Return the correlation, -1..1, of the gradients of two (h, w, 3) uint8 RGB pictures: whether edges stayed.

    0 where one of the two has the same gradient everywhere, so that there is nothing to correlate.
    """
    before, after = gradient(photo).ravel(), gradient(painted).ravel()
    if before.std() == 0 or after.std() == 0:
        return 0.0
    return float(np.corrcoef(before, after)[0, 1])


MEASURES: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "plain-areas": plain_areas,
    "flat-share": lambda photo, painted: flat_share(painted),
    "chroma-shift": chroma_shift,
    "lightness-shift": lightness_shift,
    "edges": edges,
}
"""The measures of a photo and its painting, both (h, w, 3) uint8 RGB, after `at_measuring_size`."""


def measure(photo: np.ndarray, painted: np.ndarray) -> dict[str, float]:
    """Return all MEASURES by name of a photo and its painting, (h, w, 3) uint8 RGB of any sizes."""
    pair = at_measuring_size(photo, painted)
    return {name: function(*pair) for name, function in MEASURES.items()}


def _cell_colours(rgb: np.ndarray) -> np.ndarray:
    return to_size(_lab(rgb), COLOUR_CELLS, COLOUR_CELLS)


def _lab(rgb: np.ndarray) -> np.ndarray:
    """Return CIE L*a*b* (D65), (h, w, 3) float32 with L* in 0..100, of (h, w, 3) uint8 sRGB."""
    return cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)


@dataclass(frozen=True)
class Drift:
    """How much the colour shift of a video changes between its shots, CIE 1976 delta E, and how many shots count.

    A shot's colour shift is the mean L*a*b* of its frames less that of the source's. `largest` is the largest Euclidean
    distance between the shifts of any two shots, so it sees a jump at a cut and a slow drift alike. None with one shot.
    """

    largest: float | None
    shots: int


class DriftMeter:
    """Takes a video and its source frame by frame and keeps three numbers of each shot.

    Shots are those of the source, as `CutDetector` finds them. Shots of fewer than three frames do not count.
    """

    def __init__(self) -> None:
        self._detector = CutDetector()
        self._shifts: list[np.ndarray] = []
        self._sum, self._frames = np.zeros(3), 0

    def update(self, source: np.ndarray, video: np.ndarray) -> None:
        """Take the next frame of both, (h, w, 3) uint8 RGB of any sizes."""
        source, video = (shrink(frame, DRIFT_SHORT_SIDE) for frame in (source, video))
        if self._detector.is_cut(source):
            self._shifts = self._whole_shots()
            self._sum, self._frames = np.zeros(3), 0
        self._sum = self._sum + _lab(video).mean((0, 1)) - _lab(source).mean((0, 1))
        self._frames += 1

    def result(self) -> Drift:
        """Return the drift over the frames so far."""
        shifts = self._whole_shots()
        if len(shifts) < 2:
            return Drift(None, len(shifts))
        every = np.stack(shifts)
        return Drift(max(float(np.linalg.norm(every - shift, axis=1).max()) for shift in shifts), len(shifts))

    def _whole_shots(self) -> list[np.ndarray]:
        """Return the shifts (3,) of the shots that count, that of the present frames among them."""
        if self._frames < LEAST_SHOT_FRAMES:
            return self._shifts
        return [*self._shifts, self._sum / self._frames]
