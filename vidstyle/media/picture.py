"""One picture of a video on its way out of the decoder."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class Picture:
    """A decoded frame as it becomes upright RGB, with its pts and duration in ticks of the clip's time base."""

    convert: Callable[[], np.ndarray]
    pts: int
    duration: int

    @cached_property
    def rgb(self) -> np.ndarray:
        """Upright RGB, converted when first asked for: a reading that goes on from a position skips most pictures."""
        return self.convert()
