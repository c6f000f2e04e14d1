"""How noisy a picture is."""

import numpy as np

_HALF_MEAN = 0.3246
"""The mean size of the smaller half of normally distributed values of deviation 1."""


def noise_deviation(grey: np.ndarray) -> float:
    """Return the standard deviation of the noise of (h, w) float32 grey, in its units.

    From the smaller half of the differences of diagonals in blocks of two by two, to which flat areas and straight edges
    give nothing. 0 where there are less than two blocks.
    """
    height, width = (side // 2 * 2 for side in grey.shape)
    blocks = grey[:height, :width]
    details = np.abs(blocks[::2, ::2] - blocks[1::2, ::2] - blocks[::2, 1::2] + blocks[1::2, 1::2]).ravel() / 2
    middle = details.size // 2
    return float(np.partition(details, middle)[:middle].mean() / _HALF_MEAN) if middle else 0.0
