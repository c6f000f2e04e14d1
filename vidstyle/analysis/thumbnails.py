"""What every frame is glanced at by, and the grey copy that those worth it are measured on, both made at the least price."""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np

from vidstyle.analysis.borders import Box
from vidstyle.analysis.cuts import THUMBNAIL_SIZE
from vidstyle.analysis.scale import reduced_size, to_size, to_size_quickly
from vidstyle.analysis.sharpness import MEASURING_SHORT_SIDE
from vidstyle.media.picture import Planes

LUMA, DIFFERENCE = 255 / 219, 255 / 224
"""How far samples in the limited range are stretched to the full one."""
LINES_OF_A_THUMBNAIL = 5
"""Lines of a frame that are averaged into one of its thumbnail at the least: three missed a dissolve, more find no other."""
LINES_BETWEEN = 4


@dataclass(frozen=True)
class Glance:
    """A colour thumbnail, (36, 64, 3) uint8 RGB, and the gradient energy, which ranks frames of one shot by sharpness."""

    thumbnail: np.ndarray
    energy: float

    @classmethod
    def of_planes(cls, planes: Planes, box: Box | None) -> Self:
        """Return what lies in `box` of a frame at a glance, without RGB of its full size being made; None means all of it.

        The thumbnail's colours are those of BT.601, whatever the frame's matrix: they tell frames apart, and are not shown.
        """
        luma, red, blue = _inside(planes, box)
        small, *differences = (_thumbnail(_some_lines(one)) for one in (luma, red, blue))
        if not planes.full_range:
            small, differences = _full_range(small), [_full_range_difference(one) for one in differences]
        return cls(cv2.cvtColor(cv2.merge([small, *differences]), cv2.COLOR_YCrCb2RGB), gradient_energy(luma))

    @classmethod
    def of_rgb(cls, rgb: np.ndarray) -> Self:
        """Return the same of a whole picture, (h, w, 3) uint8."""
        return cls(_thumbnail(rgb), gradient_energy(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)))


def grey_of_planes(planes: Planes, box: Box | None, aspect: float) -> np.ndarray:
    """Return the grey copy of what lies in `box`, (h, w) uint8 with square pixels and a short side of at most 360.

    `aspect` is the sample aspect ratio; where the box is None the whole frame counts.
    """
    luma = _inside(planes, box)[0]
    luma = to_size_quickly(luma, *_size(luma, aspect))
    return luma if planes.full_range else _full_range(luma)


def grey_of_rgb(rgb: np.ndarray, aspect: float) -> np.ndarray:
    """Return the same of a whole picture, (h, w, 3) uint8."""
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    return to_size(grey, *_size(grey, aspect))


def gradient_energy(grey: np.ndarray) -> float:
    """Return the mean squared step, in squared grey levels, between pixels as far apart as neighbours of a measuring copy.

    Of every fourth line of (h, w) uint8: it ranks as all of them do.
    """
    step = max(1, round(min(grey.shape) / MEASURING_SHORT_SIDE))
    lines, below = grey[: -step or None : LINES_BETWEEN * step], grey[step :: LINES_BETWEEN * step]
    if not lines[:, step:].size or not below.size:
        return 0.0
    across = cv2.norm(lines[:, step:], lines[:, :-step], cv2.NORM_L2SQR)
    down = cv2.norm(lines[: len(below)], below, cv2.NORM_L2SQR)
    return (across + down) / lines.size


def _inside(planes: Planes, box: Box | None) -> list[np.ndarray]:
    height, width = planes.luma.shape
    every = (planes.luma, planes.red, planes.blue)
    return [_share(one, box, width, height) if box else one for one in every]


def _share(plane: np.ndarray, box: Box, width: int, height: int) -> np.ndarray:
    """Return what lies in `box`, given for a frame of `width` by `height`, of a plane that may be smaller."""
    across, down = plane.shape[1] / width, plane.shape[0] / height
    left, right = int(box.left * across), max(1, round(box.right * across))
    return plane[int(box.top * down) : max(1, round(box.bottom * down)), left:right]


def _some_lines(plane: np.ndarray) -> np.ndarray:
    return plane[:: max(1, plane.shape[0] // (LINES_OF_A_THUMBNAIL * THUMBNAIL_SIZE[1]))]


def _full_range(luma: np.ndarray) -> np.ndarray:
    return cv2.convertScaleAbs(luma, alpha=LUMA, beta=-16 * LUMA)


def _full_range_difference(samples: np.ndarray) -> np.ndarray:
    return cv2.convertScaleAbs(samples, alpha=DIFFERENCE, beta=128 * (1 - DIFFERENCE))


def _size(grey: np.ndarray, aspect: float) -> tuple[int, int]:
    return reduced_size(grey.shape[1], grey.shape[0], aspect, MEASURING_SHORT_SIDE)


def _thumbnail(image: np.ndarray) -> np.ndarray:
    return to_size_quickly(image, *THUMBNAIL_SIZE)
