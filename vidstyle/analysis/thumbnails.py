"""Small copies of a frame, made without RGB of its full size: a thumbnail of every frame, a grey copy of the chosen ones.

They are made from the frame's own luma and colour differences, which takes a fraction of the time.
"""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np

from vidstyle.analysis.borders import Box
from vidstyle.analysis.cuts import THUMBNAIL_SIZE
from vidstyle.analysis.flow import grey_of
from vidstyle.analysis.scale import reduced_size, to_size, to_size_quickly
from vidstyle.analysis.sharpness import MEASURING_SHORT_SIDE
from vidstyle.media.picture import Planes

LUMA_STRETCH, CHROMA_STRETCH = 255 / 219, 255 / 224
"""Factors by which samples in the limited range are stretched to the full one."""
LEAST_LINES_AVERAGED = 5
"""Lines of a frame that are averaged into one of its thumbnail, at least: three missed a dissolve, more find no other."""
EVERY_NTH_LINE = 4
"""Gradient energy is measured on every n-th line."""


@dataclass(frozen=True)
class Preview:
    """A colour thumbnail, (36, 64, 3) uint8 RGB, and the gradient energy, which ranks frames of one shot by sharpness."""

    thumbnail: np.ndarray
    energy: float

    @classmethod
    def of_planes(cls, planes: Planes, box: Box | None) -> Self:
        """Return the preview of what lies in `box` of a frame, or of the whole frame where it is None.

        The thumbnail's colours are those of BT.601, whatever the frame's matrix: they tell frames apart, and are not shown.
        """
        luma, red, blue = _inside(planes, box)
        small_luma, small_red, small_blue = (_thumbnail(_some_lines(plane)) for plane in (luma, red, blue))
        if not planes.full_range:
            small_luma = _full_range_luma(small_luma)
            small_red, small_blue = _full_range_chroma(small_red), _full_range_chroma(small_blue)
        thumbnail = cv2.cvtColor(cv2.merge([small_luma, small_red, small_blue]), cv2.COLOR_YCrCb2RGB)
        return cls(thumbnail, gradient_energy(luma))

    @classmethod
    def of_rgb(cls, rgb: np.ndarray) -> Self:
        """Return the same of a whole picture, (h, w, 3) uint8."""
        return cls(_thumbnail(rgb), gradient_energy(grey_of(rgb)))


def grey_of_planes(planes: Planes, box: Box | None, aspect: float) -> np.ndarray:
    """Return the grey copy of what lies in `box`, (h, w) uint8 with square pixels and a short side of at most 360.

    `aspect` is the sample aspect ratio; without a box the whole frame counts.
    """
    luma = _inside(planes, box)[0]
    luma = to_size_quickly(luma, *_measuring_size(luma, aspect))
    return luma if planes.full_range else _full_range_luma(luma)


def grey_of_rgb(rgb: np.ndarray, aspect: float) -> np.ndarray:
    """Return the same of a whole picture, (h, w, 3) uint8."""
    grey = grey_of(rgb)
    return to_size(grey, *_measuring_size(grey, aspect))


def gradient_energy(grey: np.ndarray) -> float:
    """Return the mean squared step of (h, w) uint8 grey, in squared grey levels.

    A step is between pixels as far apart as neighbours are in a copy with a short side of 360. Only every fourth line
    counts, which ranks frames as all lines do.
    """
    step = max(1, round(min(grey.shape) / MEASURING_SHORT_SIDE))
    lines, below = grey[: -step or None : EVERY_NTH_LINE * step], grey[step :: EVERY_NTH_LINE * step]
    if not lines[:, step:].size or not below.size:
        return 0.0
    across = cv2.norm(lines[:, step:], lines[:, :-step], cv2.NORM_L2SQR)
    down = cv2.norm(lines[: len(below)], below, cv2.NORM_L2SQR)
    return (across + down) / lines.size


def _inside(planes: Planes, box: Box | None) -> list[np.ndarray]:
    """Return what lies in `box` of luma, red difference and blue difference."""
    height, width = planes.luma.shape
    every = [planes.luma, planes.red, planes.blue]
    return [_crop(plane, box, width, height) for plane in every] if box else every


def _crop(plane: np.ndarray, box: Box, width: int, height: int) -> np.ndarray:
    """Return what lies in `box`, given for a frame of `width` by `height`, of a plane that may be smaller."""
    across, down = plane.shape[1] / width, plane.shape[0] / height
    left, right = int(box.left * across), max(1, round(box.right * across))
    return plane[int(box.top * down) : max(1, round(box.bottom * down)), left:right]


def _some_lines(plane: np.ndarray) -> np.ndarray:
    return plane[:: max(1, plane.shape[0] // (LEAST_LINES_AVERAGED * THUMBNAIL_SIZE[1]))]


def _full_range_luma(luma: np.ndarray) -> np.ndarray:
    return cv2.convertScaleAbs(luma, alpha=LUMA_STRETCH, beta=-16 * LUMA_STRETCH)


def _full_range_chroma(samples: np.ndarray) -> np.ndarray:
    return cv2.convertScaleAbs(samples, alpha=CHROMA_STRETCH, beta=128 * (1 - CHROMA_STRETCH))


def _measuring_size(grey: np.ndarray, aspect: float) -> tuple[int, int]:
    return reduced_size(grey.shape[1], grey.shape[0], aspect, MEASURING_SHORT_SIDE)


def _thumbnail(image: np.ndarray) -> np.ndarray:
    return to_size_quickly(image, *THUMBNAIL_SIZE)
