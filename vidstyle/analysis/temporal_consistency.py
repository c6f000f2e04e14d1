"""How much a video flickers: the warping error along optical flow, and its excess over the source's."""

from dataclasses import dataclass

import cv2
import numpy as np

from vidstyle.analysis.cuts import CutDetector
from vidstyle.analysis.flow import SCORING, FlowEstimator, Motion, grey_of, warp
from vidstyle.analysis.scale import alike, shrink
from vidstyle.analysis.sharpness import MEASURING_SHORT_SIDE, sharpness


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


COLOUR_SHORT_SIDE = 90


@dataclass(frozen=True)
class Steadiness:
    """What a video and its source, in this order, measure over all their frames.

    `flicker` is the mean change of a frame's mean lightness from one frame to the next within a shot, CIE L*, 0..100, None
    where no shot has two frames. `sharpness` is that of `analysis.sharpness`, 0..1, both at the size of the smaller one.
    `colour_shift` is the mean distance of the video's mean colours from its source's (CIE 1976 delta E of L*a*b*),
    `colour_drift` how far on average that difference is from its own mean.
    """

    flicker: tuple[float, float] | None
    sharpness: tuple[float, float]
    colour_shift: float
    colour_drift: float


class SteadinessMeter:
    """Takes a video and its source frame by frame and keeps three numbers of each frame."""

    def __init__(self) -> None:
        self._detector = CutDetector()
        self._colours: list[np.ndarray] = []
        self._sharpness: list[tuple[float, float]] = []
        self._begins: list[bool] = []

    def update(self, source: np.ndarray, video: np.ndarray) -> None:
        """Take the next frame of both, (h, w, 3) uint8 RGB of any sizes."""
        self._begins.append(self._detector.is_cut(shrink(source, COLOUR_SHORT_SIDE)))
        self._colours.append(np.stack([_mean_colour(video), _mean_colour(source)]))
        ours, original = (cv2.cvtColor(one, cv2.COLOR_RGB2GRAY) for one in (video, source))
        ours, original = alike(ours, original, MEASURING_SHORT_SIDE)
        self._sharpness.append((sharpness(ours), sharpness(original)))

    def result(self) -> Steadiness:
        """Return the figures of one frame or more."""
        colours = np.stack(self._colours)
        changes = np.abs(np.diff(colours[:, :, 0], axis=0))[~np.array(self._begins[1:], bool)]
        sharp_video, sharp_source = np.mean(self._sharpness, axis=0)
        shifts = colours[:, 0] - colours[:, 1]
        return Steadiness(
            flicker=(float(changes[:, 0].mean()), float(changes[:, 1].mean())) if len(changes) else None,
            sharpness=(float(sharp_video), float(sharp_source)),
            colour_shift=float(np.linalg.norm(shifts, axis=1).mean()),
            colour_drift=float(np.linalg.norm(shifts - shifts.mean(0), axis=1).mean()),
        )


def _mean_colour(rgb: np.ndarray) -> np.ndarray:
    """Return the mean L*a*b* (3,) of (h, w, 3) uint8 RGB."""
    small = shrink(rgb, COLOUR_SHORT_SIDE).astype(np.float32) / 255
    return cv2.cvtColor(small, cv2.COLOR_RGB2LAB).mean(axis=(0, 1))
