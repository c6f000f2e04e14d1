"""Held drawings: whether two frames show the same drawing, and the mean picture of all its copies."""

from collections.abc import Sequence

import cv2
import numpy as np

from vidstyle.analysis.scale import to_size
from vidstyle.analysis.sharpness import picture_sharpness

BLOCK_PIXELS = 8
LARGEST_CODING_DIFFERENCE = 12.0
"""Root mean square difference (of 255) in a block that compression alone can make."""
LARGEST_BRIGHTENING = 1.5
"""Difference (of 255) of the means of two pictures from which on one is a fade of the other."""
LEAST_FUSED_SHARPNESS = 0.99


def is_same_drawing(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether two pictures, (h, w) uint8, differ by no more than compression and grain.

    Grain differs alike in all blocks, so that the median block measures it. What moves stands out from it in at least one
    block.
    """
    if first.shape != second.shape:
        return False
    if abs(cv2.mean(first)[0] - cv2.mean(second)[0]) > LARGEST_BRIGHTENING:
        return False
    difference = cv2.absdiff(first, second)
    blocks = [max(1, size // BLOCK_PIXELS) for size in first.shape[::-1]]
    energy = to_size(cv2.multiply(difference, difference, dtype=cv2.CV_32F), blocks[0], blocks[1])
    return float(energy.max()) ** 0.5 <= LARGEST_CODING_DIFFERENCE + float(np.median(energy)) ** 0.5


def fused(copies: Sequence[np.ndarray]) -> tuple[np.ndarray, int]:
    """Return the mean of copies of one drawing, (h, w, 3) uint8 each and the sharpest first, and how many went into it.

    Grain and compression noise cancel out in the mean. The first copy is returned by itself where all are equal. It is so
    too where the mean is less sharp, as after a movement too small to be noticed.
    """
    sharpest = copies[0]
    if all(np.array_equal(copy, sharpest) for copy in copies[1:]):
        return sharpest, 1
    total = np.stack(copies).sum(axis=0, dtype=np.uint16)
    mean = np.asarray((total + len(copies) // 2) // len(copies), np.uint8)
    if picture_sharpness(mean) < LEAST_FUSED_SHARPNESS * picture_sharpness(sharpest):
        return sharpest, 1
    return mean, len(copies)
