"""Black borders (letterbox and pillarbox), found once for an episode from several of its frames."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Self

import numpy as np

BLACK = 28
"""Brightest channel value (of 255) that still counts as border: video black with the ringing of compression."""
QUIET_PERCENTILE = 98
SOFT_EDGE_PIXELS = 2
LARGEST_SHARE = 0.4


@dataclass(frozen=True)
class Box:
    """The part of a frame that is picture: left and top inside, right and bottom outside, in pixels."""

    left: int
    top: int
    right: int
    bottom: int

    def crop(self, rgb: np.ndarray) -> np.ndarray:
        """Return the part of (h, w) or (h, w, 3) that lies in the box."""
        return rgb[self.top : self.bottom, self.left : self.right]

    @property
    def area(self) -> int:
        """How many pixels lie in the box."""
        return max(0, self.right - self.left) * max(0, self.bottom - self.top)

    def beside(self, masks: Sequence[Self]) -> Self:
        """Return the largest box within this one that no mask reaches into, empty where there is none."""
        lefts, rights = {self.left, *(one.right for one in masks)}, {self.right, *(one.left for one in masks)}
        tops, bottoms = {self.top, *(one.bottom for one in masks)}, {self.bottom, *(one.top for one in masks)}
        inside = (
            type(self)(max(left, self.left), max(top, self.top), min(right, self.right), min(bottom, self.bottom))
            for left, top, right, bottom in product(lefts, tops, rights, bottoms)
        )
        free = (one for one in inside if one.area and not any(one._meets(mask) for mask in masks))
        return max(free, key=lambda one: one.area, default=type(self)(self.left, self.top, self.left, self.top))

    def _meets(self, other: Self) -> bool:
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom

    def scaled(self, factor: float) -> Self:
        """Return the box in a picture that is `factor` times as large."""
        edges = (self.left, self.top, self.right, self.bottom)
        return type(self)(*(round(edge * factor) for edge in edges))


def find_borders(frames: Iterable[np.ndarray]) -> Box | None:
    """Return the box of picture common to (h, w, 3) uint8 frames of one size, or None when there are no frames.

    A line belongs to the border when it is black in every frame; frames that are dark all over say nothing.
    """
    rows = columns = None
    for frame in frames:
        light = np.maximum(np.maximum(frame[..., 0], frame[..., 1]), frame[..., 2])
        down, across = (np.percentile(light, QUIET_PERCENTILE, axis=axis) for axis in (1, 0))
        rows = down if rows is None else np.maximum(rows, down)
        columns = across if columns is None else np.maximum(columns, across)
    if rows is None or columns is None:
        return None
    top, bottom = _span(rows)
    left, right = _span(columns)
    return Box(left, top, right, bottom)


def _span(brightness: np.ndarray) -> tuple[int, int]:
    lit = np.flatnonzero(brightness > BLACK)
    size = len(brightness)
    if not len(lit):
        return 0, size
    first, last = int(lit[0]), int(lit[-1]) + 1
    first = first + SOFT_EDGE_PIXELS if first else 0
    last = last - SOFT_EDGE_PIXELS if last < size else size
    return (first, last) if max(first, size - last) <= LARGEST_SHARE * size and first < last else (0, size)
