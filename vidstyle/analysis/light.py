"""Whether a picture shows anything: its brightness, its spread of tones."""

from dataclasses import dataclass
from typing import Self

import numpy as np

LEAST_SPREAD, LEAST_NIGHT_SPREAD = 40, 24
"""Spread (of 255) from which on there is a drawing; a night has less, and noise alone 10."""
DARK, NIGHT, BRIGHT = 40, 64, 215
STEP_PIXELS = 3
"""Every third pixel of every third row tells as much as all do."""


@dataclass(frozen=True)
class Light:
    """Mean brightness of a grey picture and the spread between its darkest and brightest percent, both of 255."""

    brightness: float
    spread: float

    @classmethod
    def of(cls, grey: np.ndarray) -> Self:
        """Return the light of (h, w) uint8 grey."""
        counts = np.bincount(grey[::STEP_PIXELS, ::STEP_PIXELS].ravel(), minlength=256)
        spread = level_at(counts, 0.99) - level_at(counts, 0.01)
        return cls(float(counts @ np.arange(256)) / int(counts.sum()), float(spread))

    @property
    def blank(self) -> str:
        """`black`, `white` or `flat` for a picture that shows nothing, else an empty string."""
        if self.spread >= (LEAST_NIGHT_SPREAD if self.brightness < NIGHT else LEAST_SPREAD):
            return ""
        return "black" if self.brightness < DARK else "white" if self.brightness > BRIGHT else "flat"


def level_at(counts: np.ndarray, share: float) -> int:
    """Return the level below or at which that share lies of values that `counts` counts level by level.

    A quantile of small whole numbers at a tenth of the price of sorting them.
    """
    return int(np.searchsorted(counts.cumsum(), share * counts.sum()))


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
