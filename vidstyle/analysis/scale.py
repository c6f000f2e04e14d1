"""Scaling pictures down by area averaging, which neither blurs more than it must nor aliases; nothing is enlarged."""

import cv2
import numpy as np

SQUARE_ENOUGH = 0.01


def to_size(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """Return (h, w) or (h, w, 3) scaled to `width` by `height`, neither larger than before, by area averaging."""
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)


def shrink(image: np.ndarray, short_side: int) -> np.ndarray:
    """Return `image` with its short side brought down to `short_side` pixels; as it is where it is no larger."""
    height, width = image.shape[:2]
    scale = short_side / min(height, width)
    if scale >= 1:
        return image
    return to_size(image, max(1, round(width * scale)), max(1, round(height * scale)))


def square_pixels(image: np.ndarray, aspect: float) -> np.ndarray:
    """Return `image` with square pixels: one side shrunk where the sample aspect ratio is not 1."""
    height, width = image.shape[:2]
    if abs(aspect - 1) < SQUARE_ENOUGH:
        return image
    if aspect > 1:
        return to_size(image, width, max(1, round(height / aspect)))
    return to_size(image, max(1, round(width * aspect)), height)
