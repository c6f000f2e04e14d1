"""How steady a video is beside its source: brightness from frame to frame, sharpness, and how far colours wander."""

from dataclasses import dataclass

import cv2
import numpy as np

from vidstyle.analysis.cuts import CutDetector
from vidstyle.analysis.scale import alike, shrink
from vidstyle.analysis.sharpness import MEASURING_SHORT_SIDE, sharpness

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
