"""The one place where coded frames become upright RGB and RGB becomes coded frames.

Matrices and their numbers: ITU-T H.273; luma weights of BT.601, BT.709 and BT.2020.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from vidstyle.media.clip import UNSPECIFIED, Clip, Colour

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

BT709, BT601 = 1, 6
SCALER_MATRIX = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}
"""H.273 matrix number -> the scaler's own number for it."""
RGB_MATRIX = 0
HD_WIDTH, HD_HEIGHT = 1280, 576
LIMITED, FULL = 1, 2


def resolve_colour(colour: Colour, width: int, height: int) -> Colour:
    """Return `colour` with matrix and range filled in where unstated: BT.709 from HD sizes on, else BT.601; limited."""
    guess = BT709 if width >= HD_WIDTH or height > HD_HEIGHT else BT601
    known = colour.matrix in SCALER_MATRIX or colour.matrix == RGB_MATRIX
    return replace(colour, matrix=colour.matrix if known else guess, full_range=bool(colour.full_range))


def to_rgb(frame: VideoFrame, clip: Clip) -> np.ndarray:
    """Return a decoded frame as upright RGB of the clip's size: (height, width, 3), uint8, or uint16 beyond 8 bits.

    Matrix and range are the clip's tags, guessed from the size where absent. Transparent pixels lie over black.
    """
    colour = resolve_colour(clip.colour, clip.width, clip.height)
    deep = clip.bit_depth > 8
    transparent = any(part.is_alpha for part in frame.format.components)
    full_range = bool(colour.full_range) or frame.format.is_rgb
    converted = frame.reformat(
        width=clip.width,
        height=clip.height,
        format=_rgb_format(deep, transparent),
        src_colorspace=SCALER_MATRIX.get(colour.matrix),
        dst_colorspace=SCALER_MATRIX.get(colour.matrix),
        src_color_range=FULL if full_range else LIMITED,
        dst_color_range=FULL,
        interpolation=_exact(),
    )
    pixels = converted.to_ndarray()
    if deep:
        pixels = _stretch(pixels, 65535 / _white(clip.bit_depth, full_range))
    return _upright(_over_black(pixels) if transparent else pixels, clip.rotation)


def from_rgb(rgb: np.ndarray, pixel_format: str, colour: Colour) -> VideoFrame:
    """Return RGB (height, width, 3), uint8 or uint16, as a frame for the encoder, tagged with the resolved `colour`."""
    import av

    height, width = rgb.shape[:2]
    colour = resolve_colour(colour, width, height)
    bits = av.VideoFormat(pixel_format).components[0].bits
    if rgb.dtype == np.uint16:
        source = av.VideoFrame.from_ndarray(_stretch(rgb, _white(bits, bool(colour.full_range)) / 65535), "rgb48le")
    else:
        source = _from_bytes(rgb, bits, bool(colour.full_range))
    frame = source.reformat(
        format=pixel_format,
        src_colorspace=SCALER_MATRIX.get(colour.matrix),
        dst_colorspace=SCALER_MATRIX.get(colour.matrix),
        src_color_range=FULL,
        dst_color_range=FULL if colour.full_range else LIMITED,
        interpolation=_exact(),
    )
    return _tagged(frame, colour)


def _from_bytes(rgb: np.ndarray, bits: int, full_range: bool) -> VideoFrame:
    import av

    if bits == 8:
        return av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), "rgb24")
    return av.VideoFrame.from_ndarray(_stretch(rgb, _white(bits, full_range) / 255), "rgb48le")


def _tagged(frame: VideoFrame, colour: Colour) -> VideoFrame:
    frame.colorspace = colour.matrix
    frame.color_range = FULL if colour.full_range else LIMITED
    if colour.primaries != UNSPECIFIED:
        frame.color_primaries = colour.primaries
    if colour.transfer != UNSPECIFIED:
        frame.color_trc = colour.transfer
    return frame


def _rgb_format(deep: bool, transparent: bool) -> str:
    return ("rgba64le" if transparent else "rgb48le") if deep else ("rgba" if transparent else "rgb24")


def _exact() -> int:
    """Full-resolution chroma and accurate rounding: the scaler's defaults repeat chroma samples and drift."""
    from av.video.reformatter import Interpolation as Flag

    return Flag.BICUBIC | Flag.FULL_CHR_H_INT | Flag.FULL_CHR_H_INP | Flag.ACCURATE_RND


def _white(bits: int, full_range: bool) -> int:
    """What the scaler calls white in 16-bit RGB: it shifts samples up instead of stretching them to 65535."""
    if bits == 8:
        return 65535
    return ((1 << bits) - 1) << (16 - bits) if full_range else 255 << 8


def _stretch(pixels: np.ndarray, factor: float) -> np.ndarray:
    return np.rint(np.clip(pixels * np.float32(factor), 0, 65535)).astype(np.uint16)


def _over_black(rgba: np.ndarray) -> np.ndarray:
    top = np.iinfo(rgba.dtype).max
    product = rgba[..., :3].astype(np.uint64) * rgba[..., 3:]
    return ((product + top // 2) // top).astype(rgba.dtype)


def _upright(pixels: np.ndarray, clockwise_degrees: int) -> np.ndarray:
    return np.rot90(pixels, -clockwise_degrees // 90) if clockwise_degrees else pixels
