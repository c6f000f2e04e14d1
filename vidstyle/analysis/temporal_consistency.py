"""How steady a video is beside its source: its warping error along the source's flow, its flicker, sharpness and colours.

Two meters take both videos frame by frame and hold no more than what they need of each frame.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from vidstyle.analysis.cuts import CutDetector
from vidstyle.analysis.flow import SCORING, FlowEstimator, Motion, grey_of, warp
from vidstyle.analysis.scale import shrink, to_common_size
from vidstyle.analysis.sharpness import MEASURING_SHORT_SIDE, sharpness

COLOUR_SHORT_SIDE = 90
"""The short side in pixels of the copies whose mean colours are measured."""


@dataclass(frozen=True)
class WarpingError:
    """Mean warping error of a video and of its source, levels of 255; `_squared` is that of Lai et al. (2018), levels².

    `pairs` counts the pairs of frames that were measured, `cuts` those left out. Without pairs all errors are 0.
    """

    video: float
    source: float
    video_squared: float
    source_squared: float
    pairs: int
    cuts: int

    @property
    def excess(self) -> float:
        """How much more the video changes along the source's motion than the source itself, levels of 255."""
        return self.video - self.source

    @property
    def excess_squared(self) -> float:
        """The same of the squared errors, levels²."""
        return self.video_squared - self.source_squared


class WarpingMeter:
    """Measures the warping error; it holds the last frame of both videos.

    The flow is that of the source, found by another algorithm than the renderer's. Pixels that were hidden are left out, and
    so is the first frame of each shot. Both videos are measured at the size of the smaller one, with a short side of at
    most 360.
    """

    def __init__(self) -> None:
        self._estimator, self._detector = FlowEstimator(SCORING), CutDetector()
        self._before: tuple[np.ndarray, np.ndarray] | None = None
        self._sums = np.zeros(4)
        self._pairs = self._cuts = 0

    def update(self, source: np.ndarray, video: np.ndarray) -> None:
        """Take the next frame of both, (h, w, 3) uint8 RGB, of one aspect but of any sizes."""
        now, before = to_common_size(source, video, MEASURING_SHORT_SIDE), self._before
        begins_shot, self._before = self._detector.is_cut(now[0]), now
        if before is not None and begins_shot:
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
    """Return by how much the pixels that were visible before have changed, (n, 3)."""
    return (now.astype(np.float32) - warp(before.astype(np.float32), motion.flow))[motion.seen]


@dataclass(frozen=True)
class Steadiness:
    """What a video and its source, in this order, measure over all their frames.

    `flicker` is the mean change of a frame's mean lightness from one frame to the next within a shot, CIE L*, 0..100. It is
    None where no shot has two frames. `sharpness` is that of `analysis.sharpness`, 0..1, both at the size of the smaller
    video. `colour_shift` is the mean distance of the video's mean colours from its source's (CIE 1976 delta E of L*a*b*).
    `colour_drift` is the mean distance of that difference from its own mean.
    """

    flicker: tuple[float, float] | None
    sharpness: tuple[float, float]
    colour_shift: float
    colour_drift: float


class SteadinessMeter:
    """Measures flicker, sharpness and colours; it holds the mean colour and the sharpness of every frame of both videos."""

    def __init__(self) -> None:
        self._detector = CutDetector()
        self._colours: list[np.ndarray] = []
        self._sharpness: list[tuple[float, float]] = []
        self._begins_shot: list[bool] = []

    def update(self, source: np.ndarray, video: np.ndarray) -> None:
        """Take the next frame of both, (h, w, 3) uint8 RGB of any sizes."""
        self._begins_shot.append(self._detector.is_cut(shrink(source, COLOUR_SHORT_SIDE)))
        self._colours.append(np.stack([_mean_colour(video), _mean_colour(source)]))
        video_grey, source_grey = to_common_size(grey_of(video), grey_of(source), MEASURING_SHORT_SIDE)
        self._sharpness.append((sharpness(video_grey), sharpness(source_grey)))

    def result(self) -> Steadiness:
        """Return the measures of one frame or more."""
        colours = np.stack(self._colours)
        changes = np.abs(np.diff(colours[:, :, 0], axis=0))[~np.array(self._begins_shot[1:], bool)]
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
