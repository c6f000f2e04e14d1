"""Whether a picture shows anything: its brightness, its spread of tones."""

from dataclasses import dataclass
from typing import Self

import numpy as np

LEAST_SPREAD = 40
DARK, BRIGHT = 40, 215
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
        total = int(counts.sum())
        low, high = np.searchsorted(counts.cumsum(), (0.01 * total, 0.99 * total))
        return cls(float(counts @ np.arange(256)) / total, float(high - low))

    @property
    def blank(self) -> str:
        """`black`, `white` or `flat` for a picture that shows nothing, else an empty string."""
        if self.spread >= LEAST_SPREAD:
            return ""
        return "black" if self.brightness < DARK else "white" if self.brightness > BRIGHT else "flat"
