"""Where one shot ends and the next begins, and which frames are a blend of two pictures; found while streaming."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

REACH_FRAMES = 6
THUMBNAIL_SIZE = (64, 36)
LEAST_CUT = 10.0
"""Mean difference (of 255) between neighbouring thumbnails from which on it can be a cut."""
CUT_OVER_MEDIAN, CUT_OVER_NEXT = 3.0, 1.5
LONGEST_FLASH_FRAMES = 3
PAST_STEPS = 6
LEAST_SUDDEN_CUT = 4.0
"""The same where only earlier frames are known: lower, since a cut that is missed costs more there than one too many."""
LEAST_CHANGE = 16.0
"""Mean difference across the reach from which on a frame between can be a blend."""
BLEND_RESIDUAL = 0.12
BLEND_SHARES = (0.12, 0.88)


@dataclass(frozen=True)
class Place:
    """Where a frame stands: the number of its shot, from 0, and whether it is a cross-fade or fade, not a drawn picture."""

    shot: int
    blended: bool


class CutDetector:
    """Finds hard cuts without looking ahead, for those who must know at once.

    It remembers `PAST_STEPS` differences between frames and the last thumbnail; `state` gives them out. A flash, or a
    sudden movement after stillness, counts as a cut here.
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
        """Return what is remembered: `steps` (n,) float64 and, after the first frame, `thumbnail` (36, 64, 3) float32."""
        steps = {"steps": np.array(self._steps, np.float64)}
        return steps if self._before is None else {**steps, "thumbnail": self._before}

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Remember what `state` holds instead, nothing when it is empty."""
        self._steps = deque(state.get("steps", np.empty(0)).tolist(), maxlen=PAST_STEPS)
        self._before = state.get("thumbnail")


class ShotWatcher:
    """Judges frames `REACH_FRAMES` after they were fed, from thumbnails on both sides of them."""

    def __init__(self) -> None:
        self._thumbnails: deque[np.ndarray] = deque(maxlen=2 * REACH_FRAMES + 2)
        self._fed = self._judged = self._shot = 0
        self._in_blend = False

    def feed(self, rgb: np.ndarray) -> Place | None:
        """Take the next frame or its thumbnail, (h, w, 3) uint8; return the place of the frame `REACH_FRAMES` before it.

        None where there is none yet.
        """
        small = _thumbnail(rgb)
        if not self._thumbnails:
            self._thumbnails.extend([small] * (REACH_FRAMES + 1))
        self._thumbnails.append(small)
        self._fed += 1
        return self._judge() if self._fed > REACH_FRAMES else None

    def finish(self) -> list[Place]:
        """Return the places of the frames not judged yet."""
        places = []
        while self._judged < self._fed:
            self._thumbnails.append(self._thumbnails[-1])
            if len(self._thumbnails) == self._thumbnails.maxlen:
                places.append(self._judge())
        return places

    def _judge(self) -> Place:
        around = list(self._thumbnails)
        self._judged += 1
        blended = _is_blend(around[1], around[REACH_FRAMES + 1], around[-1])
        blend_ends = self._in_blend and not blended
        if blend_ends or (_is_cut(around) and self._judged > 1):
            self._shot += 1
        self._in_blend = blended
        return Place(self._shot, blended)


def _thumbnail(rgb: np.ndarray) -> np.ndarray:
    if rgb.shape[1::-1] != THUMBNAIL_SIZE:
        rgb = cv2.resize(rgb, THUMBNAIL_SIZE, interpolation=cv2.INTER_AREA)
    return rgb.astype(np.float32)


def _is_cut(around: list[np.ndarray]) -> bool:
    """Whether the middle frame differs from the one before it far more than its neighbours do among themselves.

    A flash makes two such steps close together, so that neither stands out.
    """
    steps = [float(np.abs(after - before).mean()) for before, after in pairwise(around)]
    next_to_it = steps[REACH_FRAMES - LONGEST_FLASH_FRAMES : REACH_FRAMES + LONGEST_FLASH_FRAMES + 1]
    step = next_to_it.pop(LONGEST_FLASH_FRAMES)
    return step > max(LEAST_CUT, CUT_OVER_MEDIAN * float(np.median(steps)), CUT_OVER_NEXT * max(next_to_it))


def _is_blend(before: np.ndarray, middle: np.ndarray, after: np.ndarray) -> bool:
    """Whether `middle` is a weighted mean of the frames on both sides, which differ from each other."""
    change = after - before
    size = float(np.abs(change).mean())
    if size < LEAST_CHANGE:
        return False
    share = float(np.vdot(middle - before, change) / np.vdot(change, change))
    residual = float(np.abs(middle - before - share * change).mean())
    return BLEND_SHARES[0] < share < BLEND_SHARES[1] and residual < BLEND_RESIDUAL * size
