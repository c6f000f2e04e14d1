"""Blurs of known size, made in space and from beyond the border, as a camera makes them: not in the way they are undone."""

import cv2
import numpy as np

from tests.drawings import drawing

SUBPIXELS = 8


def scene(seed: int, size: tuple[int, int] = (400, 240)) -> np.ndarray:
    """Return a drawing with writing and a face's small features, (h, w, 3) uint8."""
    picture = drawing(seed, size)
    draw = np.random.default_rng(seed)
    for _ in range(4):
        at = (int(draw.integers(0, size[0] - 80)), int(draw.integers(20, size[1])))
        cv2.putText(picture, "Chip!", at, cv2.FONT_HERSHEY_SIMPLEX, 0.7, (250, 240, 200), 2, cv2.LINE_AA)
    for _ in range(12):
        centre = (int(draw.integers(0, size[0])), int(draw.integers(0, size[1])))
        cv2.circle(picture, centre, int(draw.integers(2, 6)), (10, 10, 20), -1, cv2.LINE_AA)
    return picture


def motion_kernel(length: float, angle: float) -> np.ndarray:
    """Return the mean of a point at many places along its way, each shared among the four pixels around it."""
    radius = int(length / 2) + 2
    point = np.zeros((2 * radius + 1, 2 * radius + 1), np.float32)
    point[radius, radius] = 1
    way = np.deg2rad(angle)
    moves = [(part * length * np.cos(way), part * length * np.sin(way)) for part in np.linspace(-0.5, 0.5, 64)]
    moved = [cv2.warpAffine(point, np.array([[1, 0, x], [0, 1, y]]), point.shape) for x, y in moves]
    return np.mean(moved, 0)


def disc_kernel(radius: float) -> np.ndarray:
    """Return a disc whose rim covers parts of pixels."""
    reach = int(np.ceil(radius))
    places = (np.arange((2 * reach + 1) * SUBPIXELS) + 0.5) / SUBPIXELS - reach - 0.5
    fine = (np.hypot(places[:, None], places) <= radius).astype(np.float32)
    kernel = cv2.resize(fine, (2 * reach + 1, 2 * reach + 1), interpolation=cv2.INTER_AREA)
    return kernel / kernel.sum()


def blurred_by(
    kernel: np.ndarray, picture: np.ndarray, noise: float = 0.0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Return the blurred and the sharp picture where no place lacks light from beyond the border; noise is of 255."""
    cut = kernel.shape[0] // 2
    soft = cv2.filter2D(picture.astype(np.float32), -1, kernel)[cut:-cut, cut:-cut]
    soft = soft + noise * np.random.default_rng(seed).standard_normal(soft.shape)
    return np.rint(np.clip(soft, 0, 255)).astype(np.uint8), np.ascontiguousarray(picture[cut:-cut, cut:-cut])
