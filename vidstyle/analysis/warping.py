"""Warping error: how far each frame of a video is from the one before it, moved as its source moves."""

from dataclasses import dataclass

import numpy as np

from vidstyle.analysis.cuts import CutDetector
from vidstyle.analysis.flow import SCORING, FlowEstimator, Motion, grey_of, warp
from vidstyle.analysis.scale import alike

MEASURING_SHORT_SIDE = 360


@dataclass(frozen=True)
class WarpingError:
    """Mean warping error of a video and of its source, levels of 255; `_squared` is that of Lai et al. (2018), levels².

    `pairs` counts the pairs of frames it was measured on, `cuts` those left out; without pairs all errors are 0.
    """

    video: float
    source: float
    video_squared: float
    source_squared: float
    pairs: int
    cuts: int

    @property
    def excess(self) -> float:
        """How much more the video changes along the source's motion than the source does itself, levels of 255."""
        return self.video - self.source

    @property
    def excess_squared(self) -> float:
        """The same of the squared errors, levels²."""
        return self.video_squared - self.source_squared


class WarpingMeter:
    """Takes a video and its source frame by frame and keeps no more than the last of each.

    The flow comes from the source, by another algorithm than the renderer's; what was hidden is masked, and where a shot
    begins nothing is measured. Both are measured at the size of the smaller one, with a short side of at most 360.
    """

    def __init__(self) -> None:
        self._estimator, self._detector = FlowEstimator(SCORING), CutDetector()
        self._before: tuple[np.ndarray, np.ndarray] | None = None
        self._sums = np.zeros(4)
        self._pairs = self._cuts = 0

    def update(self, source: np.ndarray, video: np.ndarray) -> None:
        """Take the next frame of both, (h, w, 3) uint8 RGB, of the same shape of picture but of any sizes."""
        now, before = alike(source, video, MEASURING_SHORT_SIDE), self._before
        begins, self._before = self._detector.is_cut(now[0]), now
        if before is not None and begins:
            self._cuts += 1
        elif before is not None:
            self._measure(now, before)

    def _measure(self, now: tuple[np.ndarray, np.ndarray], before: tuple[np.ndarray, np.ndarray]) -> None:
        motion = self._estimator.motion(grey_of(now[0]), grey_of(before[0]))
        if motion.seen.any():
            source, video = (_changes(*pair, motion) for pair in zip(now, before, strict=True))
            means = [np.abs(video).mean(), np.abs(source).mean(), np.square(video).mean(), np.square(source).mean()]
            self._sums += means
            self._pairs += 1

    def result(self) -> WarpingError:
        """Return the means over all pairs of frames so far."""
        video, source, video_squared, source_squared = self._sums / max(self._pairs, 1)
        return WarpingError(video, source, video_squared, source_squared, self._pairs, self._cuts)


def _changes(now: np.ndarray, before: np.ndarray, motion: Motion) -> np.ndarray:
    """Return the differences (n, 3) of the pixels that were seen before from what they were."""
    return (now.astype(np.float32) - warp(before.astype(np.float32), motion.flow))[motion.seen]
