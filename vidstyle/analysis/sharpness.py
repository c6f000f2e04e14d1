"""How sharp a picture is, whatever its contrast: the inverse width of its clear edges."""

import cv2
import numpy as np

from vidstyle.analysis.scale import shrink

MEASURING_SHORT_SIDE = 360
NEIGHBOURHOOD_PIXELS = 9
LEAST_EDGE = 24
"""Local contrast (of 255) from which on an edge counts: above the noise of compression and grain."""
LEAST_EDGE_SHARE = 0.0005


def measuring_copy(rgb: np.ndarray) -> np.ndarray:
    """Return the grey copy, (h, w) uint8, that sharpness is measured on: scaled down by area, never up."""
    return shrink(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), MEASURING_SHORT_SIDE)


def picture_sharpness(rgb: np.ndarray) -> float:
    """Return the sharpness, as below, of (h, w, 3) uint8 RGB in its own size."""
    return sharpness(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))


def sharpness(grey: np.ndarray) -> float:
    """Return the mean steepness of the clear edges of (h, w) uint8 grey, in [0, 1]; 0 where there is no edge.

    Steepness is the largest step between neighbouring pixels of an edge divided by the contrast around it: 1/n for an edge
    that takes n pixels, and about 0.6 for the sharpest there is, since the grey is smoothed a little first. Contrast cancels
    out; noise does not count since it makes no clear edge.
    """
    smooth = cv2.GaussianBlur(grey, (3, 3), 0.6)
    step = _largest_step(smooth)
    around = np.ones((NEIGHBOURHOOD_PIXELS, NEIGHBOURHOOD_PIXELS), np.uint8)
    contrast = cv2.subtract(cv2.dilate(smooth, around), cv2.erode(smooth, around))
    on_edge = (step == cv2.dilate(step, around)) & (contrast >= LEAST_EDGE)
    if np.count_nonzero(on_edge) < LEAST_EDGE_SHARE * on_edge.size:
        return 0.0
    return float((step[on_edge].astype(np.float32) / contrast[on_edge]).mean())


def _largest_step(grey: np.ndarray) -> np.ndarray:
    """Return for each pixel the larger of its differences to the next one across and the next one down."""
    padded = cv2.copyMakeBorder(grey, 0, 1, 0, 1, cv2.BORDER_REPLICATE)
    across = cv2.absdiff(padded[:-1, 1:], grey)
    down = cv2.absdiff(padded[1:, :-1], grey)
    return cv2.max(across, down)
