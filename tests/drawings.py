"""Cartoon-like pictures drawn from a seed: flat colours, dark outlines, nothing random but the seed."""

import cv2
import numpy as np


def drawing(seed: int, size: tuple[int, int] = (160, 120), shift: int = 0) -> np.ndarray:
    """Return a drawn scene, (height, width, 3) uint8 RGB; `shift` moves its figure to the right by so many pixels."""
    width, height = size
    draw = np.random.default_rng(seed)
    picture = np.empty((height, width, 3), np.uint8)
    picture[:] = draw.integers(90, 256, 3)
    horizon = int(height * draw.uniform(0.4, 0.7))
    picture[horizon:] = draw.integers(40, 220, 3)
    for _ in range(7):
        centre = (int(draw.integers(0, width)), int(draw.integers(0, height)))
        axes = (int(draw.integers(6, width // 4)), int(draw.integers(6, height // 4)))
        _shape(picture, centre, axes, draw.integers(0, 256, 3))
    _shape(picture, (width // 4 + shift, horizon), (width // 10, height // 4), draw.integers(0, 256, 3))
    return picture


def _shape(picture: np.ndarray, centre: tuple[int, int], axes: tuple[int, int], colour: np.ndarray) -> None:
    cv2.ellipse(picture, centre, axes, 0, 0, 360, tuple(int(part) for part in colour), -1, cv2.LINE_AA)
    cv2.ellipse(picture, centre, axes, 0, 0, 360, (20, 15, 15), 2, cv2.LINE_AA)


def blurred(picture: np.ndarray, sigma: float) -> np.ndarray:
    """Return the picture out of focus."""
    return cv2.GaussianBlur(picture, (0, 0), sigma) if sigma else picture


def mixed(one: np.ndarray, other: np.ndarray, share: float) -> np.ndarray:
    """Return the cross-fade that has gone `share` of the way from one picture to the other."""
    return np.rint(one * (1 - share) + other * share).astype(np.uint8)
