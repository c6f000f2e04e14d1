"""The small copies of a picture that measures are taken on, made at the least price."""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np

from vidstyle.analysis.borders import Box
from vidstyle.analysis.cuts import THUMBNAIL_SIZE
from vidstyle.analysis.scale import reduced_size, to_size, to_size_quickly
from vidstyle.analysis.sharpness import MEASURING_SHORT_SIDE
from vidstyle.media.planes import Planes

LUMA, DIFFERENCE = 255 / 219, 255 / 224
"""How far samples in the limited range are stretched to the full one."""


@dataclass(frozen=True)
class Copies:
    """A grey copy, (h, w) uint8 with a short side of at most 360, and a colour thumbnail, (36, 64, 3) uint8 RGB."""

    grey: np.ndarray
    thumbnail: np.ndarray

    @classmethod
    def of_planes(cls, planes: Planes, box: Box | None, aspect: float) -> Self:
        """Return the copies of what lies in `box` of a frame, without RGB of its full size being made.

        `aspect` is the sample aspect ratio; where the box is None the whole frame counts. The thumbnail's colours are
        those of BT.601, whatever the frame's matrix: they tell frames apart, and are not shown.
        """
        height, width = planes.luma.shape
        box = box or Box(0, 0, width, height)
        luma = box.crop(planes.luma)
        luma = to_size_quickly(luma, *_size(luma, aspect))
        differences = [_thumbnail(_share(plane, box, width, height)) for plane in (planes.red, planes.blue)]
        if not planes.full_range:
            luma = cv2.convertScaleAbs(luma, alpha=LUMA, beta=-16 * LUMA)
            differences = [
                cv2.convertScaleAbs(one, alpha=DIFFERENCE, beta=128 * (1 - DIFFERENCE)) for one in differences
            ]
        return cls(luma, cv2.cvtColor(cv2.merge([_thumbnail(luma), *differences]), cv2.COLOR_YCrCb2RGB))

    @classmethod
    def of_rgb(cls, rgb: np.ndarray, aspect: float) -> Self:
        """Return the copies of a whole picture, (h, w, 3) uint8."""
        grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
        return cls(to_size(grey, *_size(grey, aspect)), _thumbnail(rgb))


def _size(grey: np.ndarray, aspect: float) -> tuple[int, int]:
    return reduced_size(grey.shape[1], grey.shape[0], aspect, MEASURING_SHORT_SIDE)


def _share(plane: np.ndarray, box: Box, width: int, height: int) -> np.ndarray:
    """Return what lies in `box`, given for a frame of `width` by `height`, of a plane that may be smaller."""
    across, down = plane.shape[1] / width, plane.shape[0] / height
    left, right = int(box.left * across), max(1, round(box.right * across))
    return plane[int(box.top * down) : max(1, round(box.bottom * down)), left:right]


def _thumbnail(image: np.ndarray) -> np.ndarray:
    return to_size_quickly(image, *THUMBNAIL_SIZE)
