"""Combing: the lines of two moments woven into one frame, as interlaced video and telecined film have them."""

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np

LEAST_STEP = 12
"""Difference (of 255) in one direction of a line from both of its neighbours, from which on it stands out."""
LEAST_MOTION = 8
BLOCK_PIXELS = 16
LEAST_MOVING_SHARE = 0.002
COMBED_SHARE = 0.3
"""Share of a block's pixels that stand out in a comb: at most every other line does, and not all of the block moves."""


def is_combed(luma: np.ndarray, before: np.ndarray) -> bool:
    """Whether some block of (h, w) uint8 luma, unscaled, is a comb that the frame before it does not have.

    Lines that do not move are a pattern of the picture, not a comb.
    """
    height, width = (side // BLOCK_PIXELS * BLOCK_PIXELS for side in luma.shape)
    if not height or not width:
        return False
    combs = _stands_out(luma) & (cv2.absdiff(luma, before) > LEAST_MOTION)
    shares = cv2.resize(
        combs[:height, :width].astype(np.float32),
        (width // BLOCK_PIXELS, height // BLOCK_PIXELS),
        interpolation=cv2.INTER_AREA,
    )
    return float(shares.max()) > COMBED_SHARE


def _stands_out(luma: np.ndarray) -> np.ndarray:
    """Return which pixels are lighter, or darker, than both the one above and the one below."""
    padded = cv2.copyMakeBorder(luma, 1, 1, 0, 0, cv2.BORDER_REPLICATE)
    above, below = padded[:-2], padded[2:]
    lighter = cv2.min(cv2.subtract(luma, above), cv2.subtract(luma, below))
    darker = cv2.min(cv2.subtract(above, luma), cv2.subtract(below, luma))
    return cv2.max(lighter, darker) > LEAST_STEP


def moves(luma: np.ndarray, before: np.ndarray) -> bool:
    """Whether enough moves between two frames for a comb to show."""
    return float((cv2.absdiff(luma, before) > 2 * LEAST_MOTION).mean()) > LEAST_MOVING_SHARE


def count_combed(frames: Sequence[np.ndarray]) -> tuple[int, int]:
    """Return how many of the frames, (h, w) uint8 luma one after the other, move, and how many of these are combed."""
    moving = [(luma, before) for before, luma in pairwise(frames) if moves(luma, before)]
    return len(moving), sum(is_combed(*pair) for pair in moving)
