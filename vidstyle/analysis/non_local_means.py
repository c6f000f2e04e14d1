"""Non-local means (Buades, Coll and Morel, 2005): each pixel becomes a mean of those whose surroundings are like its own."""

import cv2
import numpy as np

COLOUR_SHARE = 1.2
"""Strength for the colours over that for the lightness, as AnimeGANv3 cleans its targets (6 and 5)."""
PATCH, SEARCH = 5, 7
"""Sides in pixels of the surroundings that are compared, and of the window that is searched: AnimeGANv3's."""


def clean(rgb: np.ndarray, strength: float) -> np.ndarray:
    """Return (h, w, 3) uint8 RGB without differences of about `strength` levels of 255; same shape and dtype."""
    bgr = np.ascontiguousarray(rgb[..., ::-1])
    cleaned = cv2.fastNlMeansDenoisingColored(bgr, None, strength, COLOUR_SHARE * strength, PATCH, SEARCH)
    return np.ascontiguousarray(cleaned[..., ::-1])
