"""Held drawings: which frames show the same drawing, and the one picture that all its copies make."""

from collections.abc import Sequence

import cv2
import numpy as np

from vidstyle.analysis.sharpness import picture_sharpness

BLOCK_PIXELS = 8
LARGEST_CODING_DIFFERENCE = 12.0
"""Root mean square difference (of 255) in a block up to which compression alone can have made it."""
LARGEST_BRIGHTENING = 1.5
"""Mean difference (of 255) of two whole pictures from which on one is a fade of the other."""
LEAST_FUSED_SHARPNESS = 0.99


class HeldDrawings:
    """Numbers the drawings of an episode while its frames pass by: frames that show the same one share a number."""

    def __init__(self) -> None:
        self._first: np.ndarray | None = None
        self._number = -1

    def feed(self, grey: np.ndarray) -> int:
        """Take the next frame, (h, w) uint8, and return the number of its drawing, from 0.

        It is compared with the first frame of the drawing, so that a slow movement does not pass as one.
        """
        if self._first is None or not is_same_drawing(grey, self._first):
            self._first = grey
            self._number += 1
        return self._number


def is_same_drawing(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two pictures, (h, w) uint8, differ by no more than compression and grain.

    Grain differs in all blocks alike, which the median block tells; what moves stands out from it in one block at least.
    """
    if one.shape != other.shape:
        return False
    difference = cv2.subtract(one, other, dtype=cv2.CV_32F)
    if abs(float(difference.mean())) > LARGEST_BRIGHTENING:
        return False
    blocks = tuple(max(1, size // BLOCK_PIXELS) for size in one.shape[::-1])
    energy = cv2.resize(cv2.multiply(difference, difference), blocks, interpolation=cv2.INTER_AREA)
    return float(energy.max()) ** 0.5 <= LARGEST_CODING_DIFFERENCE + float(np.median(energy)) ** 0.5


def fused(copies: Sequence[np.ndarray]) -> np.ndarray:
    """Return the mean of copies of one drawing, (h, w, 3) uint8 each, in which grain and compression noise cancel out.

    Where the mean is less sharp than the sharpest copy, as when a movement was too small to be seen, that copy is returned.
    """
    sharpness = [picture_sharpness(one) for one in copies]
    sharpest = int(np.argmax(sharpness))
    if len(copies) == 1:
        return copies[0]
    mean = np.rint(np.mean(copies, axis=0, dtype=np.float32)).astype(np.uint8)
    return mean if picture_sharpness(mean) >= LEAST_FUSED_SHARPNESS * sharpness[sharpest] else copies[sharpest]
