"""Held drawings: which frames show the same drawing, and the one picture that all its copies make."""

from collections.abc import Sequence

import cv2
import numpy as np

from vidstyle.analysis.scale import to_size
from vidstyle.analysis.sharpness import picture_sharpness

BLOCK_PIXELS = 8
LARGEST_CODING_DIFFERENCE = 12.0
"""Root mean square difference (of 255) in a block up to which compression alone can have made it."""
LARGEST_BRIGHTENING = 1.5
"""Mean difference (of 255) of two whole pictures from which on one is a fade of the other."""
LEAST_FUSED_SHARPNESS = 0.99


def is_same_drawing(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two pictures, (h, w) uint8, differ by no more than compression and grain.

    Grain differs in all blocks alike, which the median block tells; what moves stands out from it in one block at least.
    """
    if one.shape != other.shape:
        return False
    if abs(cv2.mean(one)[0] - cv2.mean(other)[0]) > LARGEST_BRIGHTENING:
        return False
    difference = cv2.absdiff(one, other)
    blocks = [max(1, size // BLOCK_PIXELS) for size in one.shape[::-1]]
    energy = to_size(cv2.multiply(difference, difference, dtype=cv2.CV_32F), blocks[0], blocks[1])
    return float(energy.max()) ** 0.5 <= LARGEST_CODING_DIFFERENCE + float(np.median(energy)) ** 0.5


def fused(copies: Sequence[np.ndarray]) -> tuple[np.ndarray, int]:
    """Return the mean of copies of one drawing, (h, w, 3) uint8 each and the sharpest first, and how many went into it.

    Grain and compression noise cancel out in it. Where there is none, or where the mean is less sharp, as when a movement was
    too small to be seen, the first copy is returned by itself.
    """
    sharpest = copies[0]
    if all(np.array_equal(one, sharpest) for one in copies[1:]):
        return sharpest, 1
    total = np.stack(copies).sum(axis=0, dtype=np.uint16)
    mean = np.asarray((total + len(copies) // 2) // len(copies), np.uint8)
    if picture_sharpness(mean) < LEAST_FUSED_SHARPNESS * picture_sharpness(sharpest):
        return sharpest, 1
    return mean, len(copies)
