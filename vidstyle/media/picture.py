"""One decoded frame as an upright RGB array: its planes, its rotation, and the way back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from vidstyle.media.background import BLACK, Rgb
from vidstyle.media.clip import Clip
from vidstyle.media.colour import resolve_colour, to_rgb

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

AS_THEY_ARE = ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p")


@dataclass(frozen=True)
class Planes:
    """Luma (h, w), and the differences to blue and red (h', w'), upright uint8; views, so nothing is copied.

    In the limited range luma runs from 16 to 235 and the differences from 16 to 240; in the full one from 0 to 255.
    """

    luma: np.ndarray
    blue: np.ndarray
    red: np.ndarray
    full_range: bool


def planes_of(frame: VideoFrame, clip: Clip) -> Planes | None:
    """Return the planes of a frame in standard dynamic range, brought to 8 bits; None where RGB must be made to see it.

    That is so for high dynamic range, wide gamut, RGB, transparency and frames of another size than the clip's.
    """
    if clip.colour.is_hdr or clip.colour.is_wide or (frame.width, frame.height) != (clip.width, clip.height):
        return None
    if frame.format.name not in AS_THEY_ARE:
        parts = frame.format.components
        if frame.format.is_rgb or len(parts) != 3 or frame.format.has_palette:
            return None
        frame = frame.reformat(format="yuv420p", threads=1)
    luma, blue, red = (_upright(_samples(plane), clip) for plane in frame.planes)
    return Planes(luma, blue, red, bool(clip.colour.full_range))


def _samples(plane: Any) -> np.ndarray:
    rows = np.frombuffer(plane, np.uint8)[: plane.line_size * plane.height].reshape(plane.height, plane.line_size)
    return rows[:, : plane.width]


def _upright(samples: np.ndarray, clip: Clip) -> np.ndarray:
    turned = np.rot90(samples, -clip.rotation // 90)
    if not clip.mirrored:
        return turned
    return turned[:, ::-1] if clip.rotation in (90, 270) else turned[::-1]


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


@dataclass(frozen=True)
class Picture:
    """A decoded frame of `clip` with its pts and duration in ticks, converted only as far as it is asked for.

    `aspect` is the sample aspect that the stream stated for it, None where it states none.
    """

    frame: VideoFrame
    clip: Clip
    pts: int
    duration: int
    aspect: Fraction | None = None
    background: Rgb = BLACK

    @cached_property
    def rgb(self) -> np.ndarray:
        """Upright RGB of the clip's size: a reading that goes on from a position skips most pictures."""
        return upright_rgb(self.frame, self.clip, self.aspect, self.background)

    @property
    def planes(self) -> Planes | None:
        """The frame's own samples, None where they cannot be looked at without making RGB of them."""
        return planes_of(self.frame, self.clip)

    def reduced(self, short_side: int) -> np.ndarray:
        """Return upright RGB with a short side of `short_side` pixels, or of the clip's size where that is no larger."""
        scale = short_side / min(self.clip.width, self.clip.height)
        if scale >= 1:
            return self.rgb
        size = [round(side * scale) for side in (self.clip.width, self.clip.height)]
        return upright_rgb(self.frame, replace(self.clip, width=size[0], height=size[1]), self.aspect, self.background)
