"""Black borders (letterbox and pillarbox), found once for an episode from several of its frames."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Self

import numpy as np

BLACK = 28
"""Brightest channel value (of 255) that still counts as border: video black and the ringing of compression."""
QUIET_PERCENTILE = 98
SOFT_EDGE_PIXELS = 2
LARGEST_SHARE = 0.4


@dataclass(frozen=True)
class Box:
    """A part of a frame in pixels: `left` and `top` lie inside, `right` and `bottom` outside."""

    left: int
    top: int
    right: int
    bottom: int

    def crop(self, rgb: np.ndarray) -> np.ndarray:
        """Return the part of (h, w) or (h, w, 3) that lies in the box."""
        return rgb[self.top : self.bottom, self.left : self.right]

    @property
    def area(self) -> int:
        """The number of pixels in the box."""
        return max(0, self.right - self.left) * max(0, self.bottom - self.top)

    def beside(self, masks: Sequence[Self]) -> Self:
        """Return the largest box within this one that overlaps no mask, an empty box where there is none."""
        lefts, rights = {self.left, *(mask.right for mask in masks)}, {self.right, *(mask.left for mask in masks)}
        tops, bottoms = {self.top, *(mask.bottom for mask in masks)}, {self.bottom, *(mask.top for mask in masks)}
        inside = (
            type(self)(max(left, self.left), max(top, self.top), min(right, self.right), min(bottom, self.bottom))
            for left, top, right, bottom in product(lefts, tops, rights, bottoms)
        )
        free = (box for box in inside if box.area and not any(box._overlaps(mask) for mask in masks))
        return max(free, key=lambda box: box.area, default=type(self)(self.left, self.top, self.left, self.top))

    def _overlaps(self, other: Self) -> bool:
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom

    def scaled(self, factor: float) -> Self:
        """Return the box in a picture that is `factor` times as large."""
        edges = (self.left, self.top, self.right, self.bottom)
        return type(self)(*(round(edge * factor) for edge in edges))


def find_borders(frames: Iterable[np.ndarray]) -> Box | None:
    """Return the box of picture that (h, w, 3) uint8 frames of one size have in common, or None without frames.

    A line belongs to the border when it is black in every frame. Without any light the whole frame counts as picture.
    """
    rows = columns = None
    for frame in frames:
        light = np.maximum(np.maximum(frame[..., 0], frame[..., 1]), frame[..., 2])
        down, across = (np.percentile(light, QUIET_PERCENTILE, axis=axis) for axis in (1, 0))
        rows = down if rows is None else np.maximum(rows, down)
        columns = across if columns is None else np.maximum(columns, across)
    if rows is None or columns is None:
        return None
    top, bottom = _lit_range(rows)
    left, right = _lit_range(columns)
    return Box(left, top, right, bottom)


def _lit_range(brightness: np.ndarray) -> tuple[int, int]:
    """Return the first line of the picture and the one after its last; all lines where the borders would be too large."""
    lit = np.flatnonzero(brightness > BLACK)
    size = len(brightness)
    if not len(lit):
        return 0, size
    first, last = int(lit[0]), int(lit[-1]) + 1
    first = first + SOFT_EDGE_PIXELS if first else 0
    last = last - SOFT_EDGE_PIXELS if last < size else size
    plausible = max(first, size - last) <= LARGEST_SHARE * size and first < last
    return (first, last) if plausible else (0, size)
