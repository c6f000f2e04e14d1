"""Undoing a slight blur: its width read from the edges, then Richardson-Lucy, held inside what the picture shows."""

import cv2
import numpy as np

ITERATIONS = 12
SHARP_EDGE_SIGMA = 0.6
"""Width of an edge that sampling and measuring alone make, pixels."""
LEAST_SIGMA, LARGEST_SIGMA = 0.4, 2.5
NEIGHBOURHOOD_PIXELS = 5
RINGING = 16.0
"""Overshoot beyond the neighbourhood's own range (of 255) that shows as a halo."""
LARGEST_RINGING_SHARE = 0.05


def blur_sigma(sharpness: float) -> float:
    """Return the standard deviation, pixels, of the Gaussian blur that makes edges of this sharpness.

    A step blurred to total width s rises by 1 / (s * sqrt(2 pi)) a pixel at its steepest.
    """
    if sharpness <= 0:
        return 0.0
    total = 1 / (sharpness * np.sqrt(2 * np.pi))
    return float(np.sqrt(max(0.0, total**2 - SHARP_EDGE_SIGMA**2)))


def deconvolve(rgb: np.ndarray, sigma: float) -> np.ndarray | None:
    """Return (h, w, 3) uint8 with a Gaussian blur of `sigma` pixels undone in its luma, or None where that would ring.

    Richardson (1972), Lucy (1974). No pixel leaves the range of its neighbourhood, so that no halo is drawn.
    """
    if sigma < LEAST_SIGMA:
        return None
    luma, *chroma = cv2.split(cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb))
    restored = _richardson_lucy(luma.astype(np.float32), min(sigma, LARGEST_SIGMA))
    around = np.ones((NEIGHBOURHOOD_PIXELS, NEIGHBOURHOOD_PIXELS), np.uint8)
    lowest, highest = cv2.erode(luma, around), cv2.dilate(luma, around)
    overshoot = np.maximum(restored - highest, lowest - restored)
    if float((overshoot > RINGING).mean()) > LARGEST_RINGING_SHARE:
        return None
    held = np.rint(np.clip(restored, lowest, highest)).astype(np.uint8)
    return cv2.cvtColor(cv2.merge([held, *chroma]), cv2.COLOR_YCrCb2RGB)


def _richardson_lucy(observed: np.ndarray, sigma: float) -> np.ndarray:
    estimate = observed + 1
    for _ in range(ITERATIONS):
        ratio = (observed + 1) / np.maximum(cv2.GaussianBlur(estimate, (0, 0), sigma), 1)
        estimate = estimate * cv2.GaussianBlur(ratio, (0, 0), sigma)
    return estimate - 1
