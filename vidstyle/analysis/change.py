"""Where two versions of a picture differ."""

import cv2
import numpy as np


def most_changed(before: np.ndarray, after: np.ndarray, width: int, height: int) -> tuple[slice, slice]:
    """Return the rows and columns of the crop, at most `width` by `height`, in which two (h, w, 3) uint8 pictures differ most."""
    rows, columns = min(height, before.shape[0]), min(width, before.shape[1])
    change = cv2.absdiff(before, after).max(axis=2)
    means = cv2.boxFilter(change, cv2.CV_32F, (columns, rows), anchor=(0, 0), borderType=cv2.BORDER_CONSTANT)
    whole = means[: before.shape[0] - rows + 1, : before.shape[1] - columns + 1]
    top, left = np.unravel_index(int(whole.argmax()), whole.shape)
    return slice(int(top), int(top) + rows), slice(int(left), int(left) + columns)
