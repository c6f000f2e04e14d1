"""The one place where coded frames become upright RGB and RGB becomes coded frames.

Matrices and their numbers: ITU-T H.273; luma weights of BT.601, BT.709 and BT.2020.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from vidstyle.errors import InputError
from vidstyle.media.background import BLACK, Rgb
from vidstyle.media.clip import UNSPECIFIED, Clip, Colour

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

BT709, BT601, BT2020 = 1, 6, 9
SCALER_MATRIX = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}
"""H.273 matrix number -> the scaler's own number for it."""
RGB_MATRIX = 0
MATRIX_OF_PRIMARIES = {1: BT709, 5: BT601, 6: BT601, 7: 7, 9: BT2020}
"""What a video's primaries say of its matrix where that is not stated."""
MATRIX_OF_TRANSFER = {16: BT2020, 18: BT2020}
UNREADABLE = {8: "YCgCo", 11: "YDzDx", 14: "ICtCp", 15: "IPT-PQ-C2", 16: "YCgCo-Re", 17: "YCgCo-Ro"}
"""Matrices that the scaler does not know."""
HD_WIDTH, HD_HEIGHT = 1280, 576
LIMITED, FULL = 1, 2


def resolve_colour(colour: Colour, width: int, height: int) -> Colour:
    """Return `colour` with matrix and range filled in where unstated.

    The matrix is that of the stated primaries or transfer; else BT.709 from HD sizes on, below them BT.601. The range is
    limited.
    """
    by_size = BT709 if width >= HD_WIDTH or height > HD_HEIGHT else BT601
    return replace(colour, matrix=implied_matrix(colour, by_size), full_range=bool(colour.full_range))


def implied_matrix(colour: Colour, otherwise: int) -> int:
    """Return the matrix that `colour` states, or that its primaries or transfer imply, or `otherwise`."""
    if colour.matrix in SCALER_MATRIX or colour.matrix == RGB_MATRIX:
        return colour.matrix
    return MATRIX_OF_PRIMARIES.get(colour.primaries) or MATRIX_OF_TRANSFER.get(colour.transfer, otherwise)


def check_readable(clip: Clip) -> None:
    """Raise InputError when the colours of `clip` are coded in a way that cannot be decoded here."""
    name = UNREADABLE.get(clip.colour.matrix)
    if name is None and "Dolby Vision" in clip.metadata.dynamic and clip.colour.transfer == UNSPECIFIED:
        name = "Dolby Vision without a picture for other players (profile 5)"
    if name is not None:
        raise InputError(
            f"{clip.path} codes its colours as {name}, which cannot be read. Convert it to HDR10 or BT.709."
        )


def to_rgb(frame: VideoFrame, clip: Clip, background: Rgb = BLACK) -> np.ndarray:
    """Return a decoded frame as upright RGB of the clip's size: (height, width, 3), uint8, or uint16 beyond 8 bits.

    Matrix and range are the clip's tags, guessed where absent. Transparent pixels lie over `background`.
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
    return _upright(_over(pixels, background) if transparent else pixels, clip.rotation)


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


def _over(rgba: np.ndarray, background: Rgb) -> np.ndarray:
    top = np.iinfo(rgba.dtype).max
    alpha = rgba[..., 3:].astype(np.uint64)
    under = np.array(background, np.uint64) * (top // 255)
    return ((rgba[..., :3] * alpha + under * (top - alpha) + top // 2) // top).astype(rgba.dtype)


def _upright(pixels: np.ndarray, clockwise_degrees: int) -> np.ndarray:
    return np.rot90(pixels, -clockwise_degrees // 90) if clockwise_degrees else pixels
