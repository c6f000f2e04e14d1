"""Whether a picture shows anything: its brightness, its spread of tones."""

from dataclasses import dataclass
from typing import Self

import numpy as np

LEAST_SPREAD = 40
DARK, BRIGHT = 40, 215


@dataclass(frozen=True)
class Light:
    """Mean brightness of a grey picture and the spread between its darkest and brightest percent, both of 255."""

    brightness: float
    spread: float

    @classmethod
    def of(cls, grey: np.ndarray) -> Self:
        """Return the light of (h, w) uint8 grey."""
        low, high = np.percentile(grey[::2, ::2], (1, 99))
        return cls(float(grey.mean()), float(high - low))

    @property
    def blank(self) -> str:
        """`black`, `white` or `flat` for a picture that shows nothing, else an empty string."""
        if self.spread >= LEAST_SPREAD:
            return ""
        return "black" if self.brightness < DARK else "white" if self.brightness > BRIGHT else "flat"
