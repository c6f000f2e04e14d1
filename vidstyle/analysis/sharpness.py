"""How sharp a picture is, whatever its contrast: how narrow its clear edges are, and how strongly they are drawn."""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np

from vidstyle.analysis.light import Light, noise_deviation

MEASURING_SHORT_SIDE = 360
"""The short side in pixels of the copies on which frames are compared."""
NEIGHBOURHOOD_PIXELS = 9
LEAST_EDGE = 24
"""Local contrast (of 255) from which on an edge is clear in a picture of ordinary light."""
ORDINARY_SPREAD = 160
"""Spread of tones (of 255) below which fainter edges count too, as at night or in haze."""
LEAST_EDGE_OVER_GRAIN = 5.0
"""The same as a multiple of the grain's standard deviation; a neighbourhood of mere smoothed grain has a range of 3."""
FAINTEST_EDGE = 4.0
LEAST_EDGE_SHARE = 0.0005


@dataclass(frozen=True)
class Edges:
    """The clear edges of a picture: their mean steepness in [0, 1], and their strength, in grey levels per pixel.

    Steepness is the largest step between neighbouring pixels of an edge divided by the contrast around it. It is 1/n for an
    edge n pixels wide, and about 0.6 for the sharpest edges, since the grey is smoothed a little first. Contrast cancels
    out, and grain does not count since it makes no clear edge. Strength is the sum of those steps over the area. It also
    grows with contrast and with how much is drawn, so that it compares frames of one shot only.
    """

    steepness: float
    strength: float

    @classmethod
    def of(cls, grey: np.ndarray) -> Self:
        """Return the edges of (h, w) uint8 grey; both values are 0 where there is none."""
        smooth = cv2.GaussianBlur(grey, (3, 3), 0.6)
        step = _largest_step(smooth)
        around = np.ones((NEIGHBOURHOOD_PIXELS, NEIGHBOURHOOD_PIXELS), np.uint8)
        contrast = cv2.subtract(cv2.dilate(smooth, around), cv2.erode(smooth, around))
        on_edge = (step == cv2.dilate(step, around)) & (contrast >= _least_edge(grey))
        if np.count_nonzero(on_edge) < LEAST_EDGE_SHARE * on_edge.size:
            return cls(0.0, 0.0)
        steps = step[on_edge].astype(np.float32)
        return cls(float((steps / contrast[on_edge]).mean()), float(steps.sum()) / on_edge.size)

    @property
    def clarity(self) -> float:
        """How sharply and how strongly the picture is drawn."""
        return self.steepness * self.strength


def sharpness(grey: np.ndarray) -> float:
    """Return the mean steepness of the clear edges of (h, w) uint8 grey, in [0, 1]; 0 where there is no edge."""
    return Edges.of(grey).steepness


def picture_sharpness(rgb: np.ndarray) -> float:
    """Return the sharpness of (h, w, 3) uint8 RGB in its own size, as `sharpness` defines it."""
    return sharpness(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))


def _least_edge(grey: np.ndarray) -> float:
    """Return the local contrast from which on an edge is clear; it depends on the picture's light and grain."""
    by_light = LEAST_EDGE * min(1.0, Light.of(grey).spread / ORDINARY_SPREAD)
    return max(FAINTEST_EDGE, by_light, LEAST_EDGE_OVER_GRAIN * noise_deviation(grey.astype(np.float32)))


def _largest_step(grey: np.ndarray) -> np.ndarray:
    """Return for each pixel the larger of its differences to the next one across and the next one down."""
    padded = cv2.copyMakeBorder(grey, 0, 1, 0, 1, cv2.BORDER_REPLICATE)
    across = cv2.absdiff(padded[:-1, 1:], grey)
    down = cv2.absdiff(padded[1:, :-1], grey)
    return cv2.max(across, down)
