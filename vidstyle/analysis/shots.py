"""Shots: where one ends and the next begins, and which frames are a blend of two pictures; found while streaming."""

from collections import deque
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from vidstyle.analysis.cuts import THUMBNAIL_SIZE

REACH_FRAMES = 14
"""Frames on both sides of a frame by which it is judged: half of the longest cross-fades, whose change must show."""
NEIGHBOURS = 4
LEAST_CUT = 8.0
"""Mean difference (of 255) between neighbouring thumbnails from which on it can be a cut."""
CUT_OVER_MEDIAN, CUT_OVER_NEXT = 2.0, 1.5
LEAST_EXTENT, CHANGED = 0.4, 8
"""Share of a thumbnail that a cut changes at least by so much (of 255): a new pose before the same ground changes less."""
LONGEST_FLASH_FRAMES = 8
RETURN = 0.5
"""Part of a step that is left, at most, where the earlier picture comes back."""
LEAST_CHANGE = 12.0
"""Least mean difference of the frames on both sides of a blend, and of the pictures on both sides of a gap between shots."""
REACHES = (4, 7, REACH_FRAMES)
"""Distances in frames to both ends of a blend: between near ends things move less, between far ones it may be slower."""
BLEND_RESIDUAL = 0.38
"""Part of the change that a blend leaves unexplained at most: with motion in it a third, while mere motion leaves half."""
SURE_RESIDUAL, BLEND_CONTRAST = 0.2, 0.9
"""A blend that leaves a larger part unexplained must have lost contrast too; motion keeps contrast and leaves a quarter."""
BLEND_GAIN = 0.75
"""Part that a blend leaves unexplained, at most, of its difference from the nearer end; a frame beside a cut leaves all."""
SAME_CORRELATION = 0.8
"""Correlation from which on two thumbnails show the same, one perhaps faded."""
LEAST_FRAMES_BETWEEN_GAPS, SETTLING_FRAMES = 24, 6
"""A gap may have holes: a picture that lasts fewer frames is not taken for the end of a shot."""
FLAT_DEVIATION = 4.0
"""Standard deviation (of 255) below which a frame shows nothing, like the black between two fades or a white flash."""
FADED = 0.92
"""Part of the earlier contrast below which a frame on the way to a flat one is faded."""


@dataclass(frozen=True)
class ShotLabel:
    """What was found of a frame: the number of its shot, from 0, and whether it is part of a fade or cross-fade."""

    shot: int
    blended: bool


class ShotWatcher:
    """Labels frames `REACH_FRAMES` after they were fed, from thumbnails on both sides of them.

    Frames that are blended or show nothing lie between shots, in a gap. The picture after a gap begins a shot only where it
    differs from the one before. So a fade parts two shots once, and a flash none.
    """

    def __init__(self) -> None:
        self._thumbnails: deque[np.ndarray] = deque(maxlen=2 * REACH_FRAMES + 1)
        self._steps: deque[float] = deque(maxlen=2 * REACH_FRAMES + 1)
        self._deviations: deque[float] = deque(maxlen=2 * REACH_FRAMES + 1)
        self._fed = self._labelled = self._shot = 0
        self._shot_start = -REACH_FRAMES
        self._before_gap: np.ndarray | None = None
        self._in_gap = False
        self._since_gap = 0

    def feed(self, rgb: np.ndarray) -> ShotLabel | None:
        """Take the next frame or its thumbnail, (h, w, 3) uint8; return the label of the frame `REACH_FRAMES` before it.

        Returns None where there is no such frame yet.
        """
        small = _thumbnail(rgb)
        for _ in range(0 if self._thumbnails else REACH_FRAMES):
            self._append(small)
        self._append(small)
        self._fed += 1
        return self._label() if self._fed > REACH_FRAMES else None

    def finish(self) -> list[ShotLabel]:
        """Return the labels of the frames that have none yet."""
        labels = []
        while self._labelled < self._fed:
            self._append(self._thumbnails[-1])
            if len(self._thumbnails) == self._thumbnails.maxlen:
                labels.append(self._label())
        return labels

    def _append(self, small: np.ndarray) -> None:
        self._steps.append(_difference(small, self._thumbnails[-1] if self._thumbnails else small))
        self._thumbnails.append(small)
        self._deviations.append(float(cv2.meanStdDev(small)[1].max()))

    def _label(self) -> ShotLabel:
        around, deviations = list(self._thumbnails), list(self._deviations)
        middle = around[REACH_FRAMES]
        blended = _is_blended(around) or _is_fading(deviations) or _is_fading(deviations[::-1])
        if blended or deviations[REACH_FRAMES] < FLAT_DEVIATION:
            self._in_gap, self._since_gap = True, 0
        else:
            if self._in_gap and self._before_gap is not None:
                self._begin(_is_another(self._before_gap, middle), LEAST_FRAMES_BETWEEN_GAPS)
            else:
                self._begin(_is_cut(around, list(self._steps)), NEIGHBOURS)
            self._in_gap = False
            self._since_gap += 1
            if self._since_gap > SETTLING_FRAMES or self._shot_start == self._labelled:
                self._before_gap = middle
        self._labelled += 1
        return ShotLabel(self._shot, blended)

    def _begin(self, begins: bool, least_frames: int) -> None:
        """Begin a shot, unless one has begun at most `least_frames` ago: then both are traces of one change."""
        if begins and self._labelled and self._labelled - self._shot_start > least_frames:
            self._shot += 1
            self._shot_start = self._labelled


def _thumbnail(rgb: np.ndarray) -> np.ndarray:
    if rgb.shape[1::-1] == THUMBNAIL_SIZE:
        return rgb
    return cv2.resize(rgb, THUMBNAIL_SIZE, interpolation=cv2.INTER_AREA)


def _difference(first: np.ndarray, second: np.ndarray) -> float:
    """Return the mean absolute difference of two uint8 pictures."""
    return cv2.norm(first, second, cv2.NORM_L1) / first.size


def _is_another(before: np.ndarray, after: np.ndarray) -> bool:
    """Whether a picture after a gap is of another shot: neither like the one before it, nor a faded copy."""
    if _difference(before, after) < LEAST_CHANGE:
        return False
    correlation = np.corrcoef(before.ravel(), after.ravel())[0, 1]
    return bool(correlation < SAME_CORRELATION)


def _is_fading(deviations: list[float]) -> bool:
    """Whether the contrast falls from the middle frame, which has lost some already, until nothing is left."""
    middle = deviations[REACH_FRAMES]
    if middle >= FADED * max(deviations[:REACH_FRAMES]):
        return False
    after = deviations[REACH_FRAMES:]
    flat = next((index for index, deviation in enumerate(after) if deviation < FLAT_DEVIATION), 0)
    return flat > 0 and all(later <= earlier for earlier, later in pairwise(after[: flat + 1]))


def _is_cut(around: list[np.ndarray], steps: list[float]) -> bool:
    """Whether the middle frame differs from the one before it far more, and over a larger area, than neighbours do.

    One more such step may be near, since a flash makes two. Neither is a cut where the earlier picture comes back.
    """
    step = steps[REACH_FRAMES]
    if step < LEAST_CUT:
        return False
    near = steps[REACH_FRAMES - NEIGHBOURS : REACH_FRAMES + NEIGHBOURS + 1]
    second_next = sorted(near)[-3]
    if step <= max(CUT_OVER_MEDIAN * float(np.median(steps)), CUT_OVER_NEXT * second_next):
        return False
    return _extent(around[REACH_FRAMES - 1], around[REACH_FRAMES]) >= LEAST_EXTENT and not _comes_back(around, step)


def _extent(first: np.ndarray, second: np.ndarray) -> float:
    """Return the share of pixels that differ."""
    changed = cv2.absdiff(first, second).max(axis=2) > CHANGED
    return float(np.count_nonzero(changed)) / changed.size


def _comes_back(around: list[np.ndarray], step: float) -> bool:
    """Whether the picture before the step returns soon after it, or the one after it was there shortly before it."""
    before, middle = around[REACH_FRAMES - 1], around[REACH_FRAMES]
    after = around[REACH_FRAMES + 1 : REACH_FRAMES + 1 + LONGEST_FLASH_FRAMES]
    earlier = around[REACH_FRAMES - 1 - LONGEST_FLASH_FRAMES : REACH_FRAMES - 1]
    pairs = [*((before, picture) for picture in after), *((middle, picture) for picture in earlier)]
    return min(_difference(*pair) for pair in pairs) < RETURN * step


def _is_blended(around: list[np.ndarray]) -> bool:
    middle = around[REACH_FRAMES]
    return any(_is_blend(around[REACH_FRAMES - reach], middle, around[REACH_FRAMES + reach]) for reach in REACHES)


def _is_blend(before: np.ndarray, middle: np.ndarray, after: np.ndarray) -> bool:
    """Whether `middle` is a weighted mean of the frames on both sides, which must differ from each other."""
    size = _difference(before, after)
    if size < LEAST_CHANGE:
        return False
    first = before.astype(np.float32)
    change, so_far = after - first, middle - first
    share = float(np.vdot(so_far, change) / np.vdot(change, change))
    residual = float(np.abs(so_far - share * change).mean())
    nearest = min(_difference(before, middle), _difference(middle, after))
    if not 0 < share < 1 or residual >= min(BLEND_RESIDUAL * size, BLEND_GAIN * nearest):
        return False
    return residual < SURE_RESIDUAL * size or _loses_contrast(before, middle, after, share)


def _loses_contrast(before: np.ndarray, middle: np.ndarray, after: np.ndarray, share: float) -> bool:
    """Whether `middle` varies less than both ends do where these differ most; what moves or pans keeps its contrast."""
    change = cv2.absdiff(before, after).sum(axis=2)
    where = change > change.mean()
    first, blend, last = (float(picture[where].var(axis=0).sum()) for picture in (before, middle, after))
    return blend < BLEND_CONTRAST * ((1 - share) * first + share * last)
