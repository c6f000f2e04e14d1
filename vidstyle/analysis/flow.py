"""Dense optical flow between two pictures, what of it can be trusted, and pictures moved along it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

RENDERING, SCORING = "dis", "farneback"
"""The algorithms for reducing flicker and for measuring it: never the same, or its errors would hide themselves."""
LARGEST_MISS, LARGEST_MISS_SHARE = 0.5, 0.01
"""By how much flow there and back may miss the start: squared pixels, and share of the squared motions (Sundaram et al.)."""
LARGEST_CHANGE, LARGEST_CHANGE_SHARE = 0.002, 0.01
"""By how much the flow may change from pixel to pixel, squared, and as a share of the squared motion (Ruder et al.)."""
TOLERANCE = 12.0
"""Difference (of 255) of a pixel along the flow at which trust in it falls to 1/e."""
NEIGHBOURHOOD = (3, 3)
LEAST_SIDE_OF_TWO_SCALES = 64


def _dense_inverse_search(longer_side: int) -> cv2.DenseOpticalFlow:
    """Return the fast preset, one scale finer and less refined: nearly the medium preset's result in half the time.

    Where there are too few scales for that, OpenCV would choose other parameters after the first pair.
    """
    algorithm = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_FAST)  # type: ignore[attr-defined]
    algorithm.setFinestScale(int(longer_side >= LEAST_SIDE_OF_TWO_SCALES))
    algorithm.setVariationalRefinementIterations(1)
    return algorithm


def _farneback(longer_side: int) -> cv2.DenseOpticalFlow:
    """Return the algorithm with a Gaussian window, which follows the edges of what moves better than the default box."""
    return cv2.FarnebackOpticalFlow_create(  # type: ignore[attr-defined]
        numLevels=5, winSize=21, numIters=3, polyN=5, polySigma=1.2, flags=cv2.OPTFLOW_FARNEBACK_GAUSSIAN
    )


FLOWS: dict[str, Callable[[int], cv2.DenseOpticalFlow]] = {"dis": _dense_inverse_search, "farneback": _farneback}
"""Makers of an algorithm for pictures of a longer side in pixels: DIS (Kroeger et al. 2016) and Farneback (2003)."""


@dataclass(frozen=True)
class Motion:
    """Where each pixel of a picture was in an earlier one.

    `flow` is (h, w, 2) float32, pixels: what is at (x, y) was at (x, y) + flow[y, x]. `seen` is (h, w) bool: whether it was
    visible there, neither hidden nor outside.
    """

    flow: np.ndarray
    seen: np.ndarray


class FlowEstimator:
    """Finds motion with one algorithm of `FLOWS`; its buffers are reused, so an instance belongs to one thread."""

    def __init__(self, algorithm: str) -> None:
        self._make = lru_cache(maxsize=1)(FLOWS[algorithm])

    def motion(self, now: np.ndarray, earlier: np.ndarray) -> Motion:
        """Return where the pixels of `now` were in `earlier`, both (h, w) uint8 grey of one size."""
        flow, back = self._flow(now, earlier), self._flow(earlier, now)
        return Motion(flow, _returns(flow, back) & ~_breaks(flow) & _inside(flow))

    def _flow(self, now: np.ndarray, earlier: np.ndarray) -> np.ndarray:
        return self._make(max(now.shape)).calc(now, earlier, None)  # type: ignore[call-overload]


def grey_of(rgb: np.ndarray) -> np.ndarray:
    """Return (h, w) uint8 grey of (h, w, 3) uint8 RGB."""
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)


def warp(image: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """Return (h, w) or (h, w, c) `image`, uint8 or float32, fetched along (h, w, 2) `flow`; bilinear, borders repeated."""
    at = _positions(*flow.shape[:2]) + flow
    return cv2.remap(  # type: ignore[call-overload]
        image, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def trust(now: np.ndarray, earlier: np.ndarray, motion: Motion) -> np.ndarray:
    """Return (h, w) float32 in [0, 1]: how surely each pixel of `now` shows what `motion` finds in `earlier`.

    Both are (h, w, 3) uint8. Brightness constancy: trust falls with the difference along the motion, in a small
    neighbourhood, and is 0 where the pixel was not visible.
    """
    red, green, blue = cv2.split(cv2.absdiff(now, warp(earlier, motion.flow)))
    difference = cv2.blur(cv2.max(cv2.max(red, green), blue).astype(np.float32), NEIGHBOURHOOD)
    seen = motion.seen.astype(np.float32)
    return np.exp(-np.square(difference / TOLERANCE)) * cv2.blur(seen, NEIGHBOURHOOD) * seen


def _returns(flow: np.ndarray, back: np.ndarray) -> np.ndarray:
    """Whether following the flow there and back returns to the start, eq. (5) of Sundaram, Brox and Keutzer (2010)."""
    returning = warp(back, flow)
    miss = _squared(flow + returning)
    return miss <= LARGEST_MISS_SHARE * (_squared(flow) + _squared(returning)) + LARGEST_MISS


def _breaks(flow: np.ndarray) -> np.ndarray:
    """Whether neighbours move apart or together, where flow cannot be trusted: eq. (6) of Ruder et al. (2016)."""
    across, down = cv2.Sobel(flow, -1, 1, 0, ksize=1, scale=0.5), cv2.Sobel(flow, -1, 0, 1, ksize=1, scale=0.5)
    return _squared(across) + _squared(down) > LARGEST_CHANGE_SHARE * _squared(flow) + LARGEST_CHANGE


def _squared(vectors: np.ndarray) -> np.ndarray:
    """Return the squared lengths, (h, w)."""
    return np.einsum("yxc,yxc->yx", vectors, vectors)


def _inside(flow: np.ndarray) -> np.ndarray:
    """Whether the flow ends inside the picture."""
    height, width = flow.shape[:2]
    at = _positions(height, width) + flow
    x, y = at[..., 0], at[..., 1]
    return (x >= -0.5) & (y >= -0.5) & (x <= width - 0.5) & (y <= height - 0.5)


@lru_cache(maxsize=2)
def _positions(height: int, width: int) -> np.ndarray:
    """Return the (h, w, 2) float32 coordinates (x, y) of all pixels."""
    return np.stack(np.meshgrid(np.arange(width), np.arange(height)), 2).astype(np.float32)
