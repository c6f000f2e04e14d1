"""Scaling pictures down by area averaging, which neither blurs more than it must nor aliases; never up."""

import cv2
import numpy as np

SQUARE_ENOUGH = 0.01


def to_size(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """Return (h, w) or (h, w, 3) scaled to `width` by `height`, neither larger than before, by area averaging."""
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)


def to_size_quickly(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """Return nearly the same in a fraction of the time: whole blocks of pixels are averaged, the rest is bilinear.

    At the right and at the bottom less than a block is cut off where whole blocks do not fill the picture.
    """
    across, down = max(1, image.shape[1] // width), max(1, image.shape[0] // height)
    if across > 1 or down > 1:
        columns, rows = image.shape[1] // across, image.shape[0] // down
        image = to_size(image[: rows * down, : columns * across], columns, rows)
    return image if image.shape[1::-1] == (width, height) else cv2.resize(image, (width, height))


def shrink(image: np.ndarray, short_side: int) -> np.ndarray:
    """Return `image` scaled down to a short side of `short_side` pixels; `image` itself where it is no larger."""
    height, width = image.shape[:2]
    scale = short_side / min(height, width)
    if scale >= 1:
        return image
    return to_size(image, max(1, round(width * scale)), max(1, round(height * scale)))


def to_common_size(first: np.ndarray, second: np.ndarray, short_side: int) -> tuple[np.ndarray, np.ndarray]:
    """Return two pictures of one aspect, (h, w) or (h, w, 3), at the smaller one's size or `short_side`, whichever is less."""
    smaller = min(first, second, key=lambda picture: picture.shape[0])
    height, width = shrink(smaller, short_side).shape[:2]
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
