"""A decoded frame with its time, seen as upright RGB or as the luma and chroma planes that it was coded in."""

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from av.video.frame import VideoFrame

from vidstyle.media.clip import Clip
from vidstyle.media.colour import resolve_colour, to_rgb
from vidstyle.media.reading_options import BLACK, Rgb

EIGHT_BIT_FORMATS = ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p")
"""Pixel formats whose planes are used without conversion."""
SHAPE_TOLERANCE = Fraction(1, 50)
"""Shapes that differ by less count as the same: sizes are rounded to whole blocks, aspects to small fractions."""


@dataclass(frozen=True)
class Planes:
    """Luma (height, width), and the differences to blue and red, (height, width) or smaller, upright uint8.

    In the limited range luma runs from 16 to 235 and the differences from 16 to 240; in the full one from 0 to 255.
    The arrays are views of the frame, so nothing is copied.
    """

    luma: np.ndarray
    blue: np.ndarray
    red: np.ndarray
    full_range: bool


@dataclass(frozen=True)
class Picture:
    """A decoded frame of `clip`, with pts and duration in ticks of its time base, converted when it is asked for.

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
        """Upright RGB of the clip's size, see `upright_rgb`."""
        return upright_rgb(self.frame, self.clip, self.aspect, self.background)

    @property
    def planes(self) -> Planes | None:
        """The frame's own samples, see `planes_of`."""
        return planes_of(self.frame, self.clip)

    def reduced(self, short_side: int) -> np.ndarray:
        """Return upright RGB with a short side of `short_side` pixels, or of the clip's size where that is no larger."""
        scale = short_side / min(self.clip.width, self.clip.height)
        if scale >= 1:
            return self.rgb
        width, height = (round(side * scale) for side in (self.clip.width, self.clip.height))
        return upright_rgb(self.frame, replace(self.clip, width=width, height=height), self.aspect, self.background)


def planes_of(frame: VideoFrame, clip: Clip) -> Planes | None:
    """Return the planes of a frame, brought to 8 bits, or None where only RGB shows what the frame holds.

    That is so for high dynamic range, wide gamut, RGB, transparency and frames of another size than the clip's.
    """
    if clip.colour.is_hdr or clip.colour.is_wide or (frame.width, frame.height) != (clip.width, clip.height):
        return None
    if frame.format.name not in EIGHT_BIT_FORMATS:
        if frame.format.is_rgb or len(frame.format.components) != 3 or frame.format.has_palette:
            return None
        frame = frame.reformat(format="yuv420p", threads=1)
    luma, blue, red = (clip.upright(_samples(plane)) for plane in frame.planes)
    return Planes(luma, blue, red, bool(clip.colour.full_range))


def _samples(plane: Any) -> np.ndarray:
    """Return a plane as (height, width) uint8; its rows in memory may be longer."""
    rows = np.frombuffer(plane, np.uint8)[: plane.line_size * plane.height].reshape(plane.height, plane.line_size)
    return rows[:, : plane.width]


def upright_rgb(
    frame: VideoFrame, clip: Clip, coded_aspect: Fraction | None = None, background: Rgb = BLACK
) -> np.ndarray:
    """Return a frame as upright RGB of the clip's size: (height, width, 3), uint8, or uint16 beyond 8 bits.

    A frame of another size is scaled to the clip's. If it is shown in another shape too, as its `coded_aspect` tells,
    it keeps that shape, and black bars fill the rest. None: no aspect is stated. Transparent pixels lie over `background`.
    """
    width, height = _fitted_size(frame, clip, coded_aspect)
    if (width, height) == (clip.width, clip.height):
        return to_rgb(frame, clip, background)
    colour = resolve_colour(clip.colour, clip.width, clip.height)
    fitted = replace(clip, width=width, height=height, colour=colour)
    return _with_bars(to_rgb(frame, fitted, background), clip.upright_size)


def _fitted_size(frame: VideoFrame, clip: Clip, coded_aspect: Fraction | None) -> tuple[int, int]:
    """Return the largest width and height within the clip's in which the frame keeps its shape."""
    stretch = coded_aspect / clip.coded_aspect if coded_aspect and clip.coded_aspect else Fraction(1)
    wider: Fraction = stretch * frame.width * clip.height / (frame.height * clip.width)
    if abs(wider - 1) < SHAPE_TOLERANCE:
        return clip.width, clip.height
    return max(1, round(clip.width * min(Fraction(1), wider))), max(1, round(clip.height / max(Fraction(1), wider)))


def _with_bars(rgb: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return a picture in the middle of a black one of `size`, its width and height."""
    width, height = size
    top, left = (height - rgb.shape[0]) // 2, (width - rgb.shape[1]) // 2
    barred = np.zeros((height, width, 3), rgb.dtype)
    barred[top : top + rgb.shape[0], left : left + rgb.shape[1]] = rgb
    return barred
