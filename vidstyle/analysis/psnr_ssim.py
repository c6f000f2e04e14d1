"""PSNR and SSIM: how close a picture is to another one, pixel by pixel and in its structure."""

import math

import cv2
import numpy as np
from torch import Tensor

SSIM_SIGMA, SSIM_RADIUS = 1.5, 5
SSIM_C1, SSIM_C2 = 0.01**2, 0.03**2
BAND_ROWS = 256
"""Rows of windows computed at once, so that a photo of any size fits into memory."""


def psnr(first: Tensor, second: Tensor) -> float:
    """Return the peak signal-to-noise ratio in dB of two pictures, (n, c, h, w) in [0, 1]; infinite for equal ones."""
    error = float((first.double() - second.double()).square().mean())
    return math.inf if error == 0 else -10 * math.log10(error)


def ssim(first: Tensor, second: Tensor) -> float:
    """Return the mean structural similarity of two pictures, (n, c, h, w) in [0, 1], h and w at least 11.

    Each channel counts by itself. The Gaussian window has a deviation of 1.5 and 11 pixels, and is placed only where it
    lies within the picture (Wang et al. 2004).
    """
    rows, columns = (side - 2 * SSIM_RADIUS for side in first.shape[-2:])
    bands = [slice(top, min(top + BAND_ROWS, rows) + 2 * SSIM_RADIUS) for top in range(0, rows, BAND_ROWS)]
    total = sum(_ssim_sum(first[..., band, :], second[..., band, :]) for band in bands)
    return total / (first.shape[0] * first.shape[1] * rows * columns)


def _ssim_sum(first: Tensor, second: Tensor) -> float:
    first_planes, second_planes = (images.double().flatten(0, 1).cpu().numpy() for images in (first, second))
    return float(sum(_ssim_map(a, b).sum() for a, b in zip(first_planes, second_planes, strict=True)))


def _ssim_map(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the similarity at each position of the window in two planes (h, w) float64."""
    mean_a, mean_b, aa, bb, ab = (_window_means(plane) for plane in (a, b, a * a, b * b, a * b))
    structure = (2 * (ab - mean_a * mean_b) + SSIM_C2) / (aa - mean_a**2 + bb - mean_b**2 + SSIM_C2)
    return structure * (2 * mean_a * mean_b + SSIM_C1) / (mean_a**2 + mean_b**2 + SSIM_C1)


def _window_means(plane: np.ndarray) -> np.ndarray:
    """Return the weighted means (h - 10, w - 10) of (h, w)."""
    bell = cv2.getGaussianKernel(2 * SSIM_RADIUS + 1, SSIM_SIGMA)
    inside = slice(SSIM_RADIUS, -SSIM_RADIUS)
    return cv2.sepFilter2D(plane, -1, bell, bell)[inside, inside]
