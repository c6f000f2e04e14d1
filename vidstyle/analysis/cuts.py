"""Hard cuts, found frame by frame without looking ahead."""

from collections import deque
from collections.abc import Mapping

import cv2
import numpy as np

THUMBNAIL_SIZE = (64, 36)
LEAST_CUT = 10.0
"""Mean difference (of 255) between neighbouring thumbnails from which on it can be a cut."""
CUT_OVER_MEDIAN = 3.0
PAST_STEPS = 6
LEAST_SUDDEN_CUT = 4.0
"""The same where earlier differences are known: lower, since a missed cut costs more than one too many."""


class CutDetector:
    """Finds hard cuts without looking ahead, for painters that must know at once.

    It remembers the last `PAST_STEPS` differences between frames and the last thumbnail; `state` returns them. A flash
    counts as a cut here, and so does a sudden movement after stillness.
    """

    def __init__(self) -> None:
        self._steps: deque[float] = deque(maxlen=PAST_STEPS)
        self._before: np.ndarray | None = None

    def is_cut(self, rgb: np.ndarray) -> bool:
        """Take the next frame, (h, w, 3) uint8, and return whether a shot begins with it; the first frame begins one."""
        small, before = _thumbnail(rgb), self._before
        self._before = small
        if before is None:
            return True
        step = float(np.abs(small - before).mean())
        limit = max(LEAST_SUDDEN_CUT, CUT_OVER_MEDIAN * float(np.median(self._steps))) if self._steps else LEAST_CUT
        self._steps.append(step)
        return step > limit

    def state(self) -> dict[str, np.ndarray]:
        """Return the memory: `steps` (n,) float64 and, after the first frame, `thumbnail` (36, 64, 3) float32."""
        steps = {"steps": np.array(self._steps, np.float64)}
        return steps if self._before is None else {**steps, "thumbnail": self._before}

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Replace the memory by what `state` returned; an empty one clears it."""
        self._steps = deque(state.get("steps", np.empty(0)).tolist(), maxlen=PAST_STEPS)
        self._before = state.get("thumbnail")


def _thumbnail(rgb: np.ndarray) -> np.ndarray:
    return cv2.resize(rgb, THUMBNAIL_SIZE, interpolation=cv2.INTER_AREA).astype(np.float32)
