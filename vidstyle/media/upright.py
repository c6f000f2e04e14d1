"""Decoded frames as pictures of one size: upright, and in the middle of black where their shape differs."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from vidstyle.media.background import BLACK, Rgb
from vidstyle.media.clip import Clip
from vidstyle.media.colour import resolve_colour, to_rgb

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

SAME_SHAPE = Fraction(1, 50)
"""Shapes that differ by less are taken for one: sizes are rounded to whole blocks, aspects to small fractions."""


def upright_rgb(
    frame: VideoFrame, clip: Clip, coded_aspect: Fraction | None = None, background: Rgb = BLACK
) -> np.ndarray:
    """Return a frame as upright RGB of the clip's size: (height, width, 3), uint8, or uint16 beyond 8 bits.

    A frame of another size is scaled. Where it is shown in another shape too, as its `coded_aspect` (None: not stated)
    tells, it keeps that shape, and what it does not cover is black. Transparent pixels lie over `background`.
    """
    size = _fitted_size(frame, clip, coded_aspect)
    if size == (clip.width, clip.height):
        return _turned_over(to_rgb(frame, clip, background), clip)
    colour = resolve_colour(clip.colour, clip.width, clip.height)
    part = replace(clip, width=size[0], height=size[1], colour=colour)
    return _framed(_turned_over(to_rgb(frame, part, background), clip), clip.upright_size)


def _fitted_size(frame: VideoFrame, clip: Clip, coded_aspect: Fraction | None) -> tuple[int, int]:
    """Return the largest size in the clip's own in which the frame keeps its shape."""
    stretch = coded_aspect / clip.coded_aspect if coded_aspect and clip.coded_aspect else Fraction(1)
    wider: Fraction = stretch * frame.width * clip.height / (frame.height * clip.width)
    if abs(wider - 1) < SAME_SHAPE:
        return clip.width, clip.height
    return max(1, round(clip.width * min(Fraction(1), wider))), max(1, round(clip.height / max(Fraction(1), wider)))


def _turned_over(rgb: np.ndarray, clip: Clip) -> np.ndarray:
    """Undo a mirror: the coded picture's top and bottom are the sides of one that was turned by a quarter."""
    if not clip.mirrored:
        return rgb
    return rgb[:, ::-1] if clip.rotation in (90, 270) else rgb[::-1]


def _framed(rgb: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    width, height = size
    top, left = (height - rgb.shape[0]) // 2, (width - rgb.shape[1]) // 2
    framed = np.zeros((height, width, 3), rgb.dtype)
    framed[top : top + rgb.shape[0], left : left + rgb.shape[1]] = rgb
    return framed
