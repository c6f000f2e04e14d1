"""What the edges of a picture say of its blur: what is blurred everywhere has no steep edge anywhere."""

import cv2
import numpy as np

from vidstyle.analysis.blur import DEFOCUS, MOTION, SOFTNESS, Blur

CREST = {DEFOCUS: 2 / np.pi, SOFTNESS: 1 / np.sqrt(2 * np.pi)}
"""The slope of a step of height 1 at its crest after a blur of size 1."""
SMOOTHING = 0.6
LEAST_CONTRAST, LEAST_STEP = 24.0, 2.0
"""Of 255: above the noise of compression and grain."""
LEAST_EDGES = 100
"""Pixels on edges below which nothing can be said."""
STEEP_PERCENTILE = 90
TOO_STEEP, LARGEST_STEEP_SHARE = 1.3, 0.0003
"""A slope beyond what a motion can leave, and the share of pixels that may have it."""
MOST_ROUND = {DEFOCUS: (0.95, 0.16), SOFTNESS: (1.2, 0.0)}
"""How many times the crest of the blur steep edges may reach, and how much more for each pixel of its size: thin lines
look steeper, beside what is left of them, the wider the blur."""
MOST_ALIKE = 0.8
"""Edges across a motion are flatter than those along it, by this factor or more."""


def edges_agree(grey: np.ndarray, blur: Blur, sure: bool) -> bool:
    """Return whether the edges of (h, w) float32 grey of 255 are as flat everywhere as `blur` makes them.

    `sure`: the motion is known without them, so that none need be steeper along its way than across it.
    """
    smooth = cv2.GaussianBlur(grey, (0, 0), SMOOTHING)
    across, down = (cv2.Sobel(smooth, -1, x, 1 - x, ksize=1, scale=0.5) for x in (1, 0))
    if blur.kind != MOTION:
        steep, (most, more) = _steepness(smooth, cv2.magnitude(across, down), blur), MOST_ROUND[blur.kind]
        return steep is not None and steep * blur.size <= (most + more * blur.size) * CREST[blur.kind]
    x, y = blur.direction
    along = np.abs(across * x + down * y)
    low, high = np.percentile(grey, (0.5, 99.5))
    if float((along * blur.size > TOO_STEEP * (high - low)).mean()) > LARGEST_STEEP_SHARE:
        return False
    flat, steep = (_steepness(smooth, slope, blur) for slope in (along, np.abs(across * y - down * x)))
    return flat is not None and (sure or (steep is not None and flat <= MOST_ALIKE * steep))


def _steepness(smooth: np.ndarray, slope: np.ndarray, blur: Blur) -> float | None:
    """Return how steep the steep edges are at their crests, per pixel and relative to the contrast within the blur's reach.

    None where too few edges are clear.
    """
    around, beside = (np.ones((2 * radius + 1, 2 * radius + 1), np.uint8) for radius in (blur.reach + 2, 2))
    contrast = cv2.dilate(smooth, around) - cv2.erode(smooth, around)
    crest = (contrast >= LEAST_CONTRAST) & (slope >= LEAST_STEP) & (slope == cv2.dilate(slope, beside))
    if np.count_nonzero(crest) < LEAST_EDGES:
        return None
    return float(np.percentile(slope[crest] / contrast[crest], STEEP_PERCENTILE))
