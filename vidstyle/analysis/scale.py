"""Scaling pictures down by area averaging, which neither blurs more than it must nor aliases; nothing is enlarged."""

import cv2
import numpy as np

SQUARE_ENOUGH = 0.01


def to_size(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """Return (h, w) or (h, w, 3) scaled to `width` by `height`, neither larger than before, by area averaging."""
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)


def to_size_quickly(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """Return the same, nearly: whole blocks of pixels averaged, the rest of the way bilinear, at a fraction of the price.

    Up to a block is cut off at the right and at the bottom, where the blocks do not come out even.
    """
    across, down = max(1, image.shape[1] // width), max(1, image.shape[0] // height)
    if across > 1 or down > 1:
        columns, rows = image.shape[1] // across, image.shape[0] // down
        image = to_size(image[: rows * down, : columns * across], columns, rows)
    return image if image.shape[1::-1] == (width, height) else cv2.resize(image, (width, height))


def shrink(image: np.ndarray, short_side: int) -> np.ndarray:
    """Return `image` with its short side brought down to `short_side` pixels; as it is where it is no larger."""
    height, width = image.shape[:2]
    scale = short_side / min(height, width)
    if scale >= 1:
        return image
    return to_size(image, max(1, round(width * scale)), max(1, round(height * scale)))


def alike(first: np.ndarray, second: np.ndarray, short_side: int) -> tuple[np.ndarray, np.ndarray]:
    """Return two pictures of one shape, (h, w) or (h, w, 3), at the smaller one's size, or with `short_side` if that is less."""
    height, width = shrink(min(first, second, key=lambda one: one.shape[0]), short_side).shape[:2]
    return to_size(first, width, height), to_size(second, width, height)


def square_size(width: int, height: int, aspect: float) -> tuple[int, int]:
    """Return the width and height of a picture with square pixels: one side shrunk where the sample aspect is not 1."""
    if abs(aspect - 1) < SQUARE_ENOUGH:
        return width, height
    if aspect > 1:
        return width, max(1, round(height / aspect))
    return max(1, round(width * aspect)), height


def reduced_size(width: int, height: int, aspect: float, short_side: int) -> tuple[int, int]:
    """Return the size of a picture with square pixels and a short side of at most `short_side`."""
    width, height = square_size(width, height, aspect)
    scale = min(1.0, short_side / min(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def square_pixels(image: np.ndarray, aspect: float) -> np.ndarray:
    """Return `image` with square pixels: one side shrunk where the sample aspect ratio is not 1."""
    height, width = image.shape[:2]
    size = square_size(width, height, aspect)
    return image if size == (width, height) else to_size(image, *size)
