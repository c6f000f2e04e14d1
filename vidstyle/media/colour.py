"""Conversion of coded frames into upright RGB arrays, and of RGB arrays into frames for an encoder.

libswscale does the arithmetic. This module chooses matrix and range, and corrects what the scaler does to 16-bit values.
Numbers of matrices: ITU-T H.273. Luma weights: BT.601, BT.709 and BT.2020.
"""

from dataclasses import replace
from threading import local
from typing import Any

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter

from vidstyle.errors import InputError
from vidstyle.media.clip import UNSPECIFIED, Clip, Colour
from vidstyle.media.frame_properties.chroma_location import located
from vidstyle.media.reading_options import BLACK, Rgb

BT709, BT601, BT2020 = 1, 6, 9
SCALER_MATRIX = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}
"""The scaler's own number of each H.273 matrix."""
RGB_MATRIX = 0
MATRIX_OF_PRIMARIES = {1: BT709, 5: BT601, 6: BT601, 7: 7, 9: BT2020}
"""The matrix that a video's primaries imply where the matrix is not stated."""
MATRIX_OF_TRANSFER = {16: BT2020, 18: BT2020}
UNREADABLE_MATRICES = {8: "YCgCo", 11: "YDzDx", 14: "ICtCp", 15: "IPT-PQ-C2", 16: "YCgCo-Re", 17: "YCgCo-Ro"}
"""Matrices that the scaler does not know."""
HD_WIDTH, HD_HEIGHT = 1280, 576
LIMITED, FULL = 1, 2
"""The two ranges as ffmpeg numbers them."""
EXACT_SCALING = (
    Interpolation.BICUBIC | Interpolation.FULL_CHR_H_INT | Interpolation.FULL_CHR_H_INP | Interpolation.ACCURATE_RND
)
"""Full-resolution chroma and accurate rounding. The scaler's defaults repeat chroma samples and drift."""
RGB_FORMATS = {(8, False): "rgb24", (8, True): "rgba", (16, False): "rgb48le", (16, True): "rgba64le"}
"""Pixel format by bits a channel and whether there is transparency."""
RGB_PLANES = "gbrp"
"""What YUV of 8 bits a channel becomes instead: the same values, in a third of the time."""
MOST_BITS = 16
"""Bits a channel that are kept of a picture: also of one in floating point."""
PACKED_FLOAT_CHANNELS = {1: (0, 0, 0), 2: (0, 0, 0, 1), 3: (0, 1, 2), 4: (0, 1, 2, 3)}
"""Which channels of a pixel in floating point are red, green, blue and alpha, by their number."""


class _Scaler(local):
    """libswscale, which keeps its tables for the next frame of the same kind; one for each thread.

    It gets no threads of its own: they would be missing in a process that is forked, which would wait for them.
    """

    def __init__(self) -> None:
        self.reformat = VideoReformatter().reformat


_scaler = _Scaler()


def resolve_colour(colour: Colour, width: int, height: int) -> Colour:
    """Return `colour` with matrix and range filled in where they are not stated.

    The matrix follows from the stated primaries or transfer, else from the size in pixels: BT.709 for HD, BT.601 below.
    The range is limited.
    """
    by_size = BT709 if width >= HD_WIDTH or height > HD_HEIGHT else BT601
    return replace(colour, matrix=implied_matrix(colour, by_size), full_range=bool(colour.full_range))


def implied_matrix(colour: Colour, otherwise: int) -> int:
    """Return the matrix that `colour` states, or that its primaries or transfer imply, or `otherwise`."""
    if colour.matrix in SCALER_MATRIX or colour.matrix == RGB_MATRIX:
        return colour.matrix
    return MATRIX_OF_PRIMARIES.get(colour.primaries) or MATRIX_OF_TRANSFER.get(colour.transfer, otherwise)


def check_readable(clip: Clip) -> None:
    """Raise InputError when the colours of `clip` are coded in a way that cannot be decoded or converted here."""
    name = UNREADABLE_MATRICES.get(clip.colour.matrix)
    if name is None and "Dolby Vision" in clip.metadata.dynamic and clip.colour.transfer == UNSPECIFIED:
        name = "Dolby Vision without a picture for other players (profile 5)"
    if name is not None:
        raise InputError(
            f"{clip.path} codes its colours as {name}, which cannot be read. Convert it to HDR10 or BT.709."
        )
    to_rgb(av.VideoFrame(16, 16, clip.pixel_format), replace(clip, width=16, height=16))


def to_rgb(frame: VideoFrame, clip: Clip, background: Rgb = BLACK) -> np.ndarray:
    """Return a decoded frame as upright RGB of the clip's size: (height, width, 3), uint8, or uint16 beyond 8 bits.

    Matrix and range are the clip's tags, guessed where absent. The frame itself states where its chroma samples lie.
    Transparent pixels lie over `background`, and floating point is clipped to [0, 1]. Raises InputError for a pixel format
    that cannot be converted.
    """
    name = frame.format.name
    if _is_float(name) and not frame.format.is_planar:
        frame = _whole_numbers(frame)
    colour = resolve_colour(clip.colour, clip.width, clip.height)
    sixteen_bit = clip.bit_depth > 8
    transparent = any(component.is_alpha for component in frame.format.components)
    full_range = bool(colour.full_range) or frame.format.is_rgb
    target = RGB_FORMATS[16 if sixteen_bit else 8, transparent]
    try:
        converted = _scaler.reformat(
            frame,
            width=clip.width,
            height=clip.height,
            format=RGB_PLANES if target == "rgb24" and name.startswith("yuv") else target,
            src_colorspace=SCALER_MATRIX.get(colour.matrix),
            dst_colorspace=SCALER_MATRIX.get(colour.matrix),
            src_color_range=FULL if full_range else LIMITED,
            dst_color_range=FULL,
            interpolation=EXACT_SCALING,
            threads=1,
        )
    except av.error.FFmpegError as error:
        raise InputError(
            f"{clip.path} has pictures of the pixel format {name}, which cannot be converted to RGB here. "
            "Convert it with ffmpeg first, for example with -pix_fmt yuv420p."
        ) from error
    pixels = converted.to_ndarray()
    if sixteen_bit:
        pixels = _scaled(pixels, 65535 / _scaler_white(clip.bit_depth, full_range))
    return clip.upright(_flattened(pixels, background) if transparent else pixels)


def _is_float(pixel_format: str) -> bool:
    return pixel_format.endswith(("f16le", "f16be", "f32le", "f32be"))


def _whole_numbers(frame: VideoFrame) -> VideoFrame:
    """Return a frame whose channels lie together in floating point as 16-bit RGB; the scaler stretches or refuses them."""
    plane: Any = frame.planes[0]
    channels = len(frame.format.components)
    kind = np.dtype(f"{'>' if frame.format.name.endswith('be') else '<'}f{frame.format.components[0].bits // 8}")
    rows = np.frombuffer(plane, kind)[: plane.line_size // kind.itemsize * frame.height].reshape(frame.height, -1)
    pixels = rows[:, : frame.width * channels].reshape(frame.height, frame.width, channels).astype(np.float32)
    whole = np.rint(np.clip(np.nan_to_num(pixels), 0, 1) * np.float32(65535)).astype(np.uint16)
    return av.VideoFrame.from_ndarray(
        np.ascontiguousarray(whole[..., PACKED_FLOAT_CHANNELS[channels]]), RGB_FORMATS[16, channels in (2, 4)]
    )


def from_rgb(rgb: np.ndarray, pixel_format: str, colour: Colour) -> VideoFrame:
    """Return RGB (height, width, 3), uint8 or uint16, as a frame for the encoder, tagged with the resolved `colour`.

    Its chroma samples lie where `colour` says, in the middle of their pixels if it does not.
    """
    height, width = rgb.shape[:2]
    colour = resolve_colour(colour, width, height)
    rgb_frame = _rgb_frame(rgb, pixel_format, bool(colour.full_range))
    frame = _scaler.reformat(
        located(rgb_frame, colour.chroma_location),
        format=pixel_format,
        src_colorspace=SCALER_MATRIX.get(colour.matrix),
        dst_colorspace=SCALER_MATRIX.get(colour.matrix),
        src_color_range=FULL,
        dst_color_range=FULL if colour.full_range else LIMITED,
        interpolation=EXACT_SCALING,
        threads=1,
    )
    return _tagged(frame, colour)


def _rgb_frame(rgb: np.ndarray, pixel_format: str, full_range: bool) -> VideoFrame:
    """Return RGB as a frame that the scaler turns into `pixel_format` without an error in white."""
    bits = av.VideoFormat(pixel_format).components[0].bits
    if rgb.dtype == np.uint8 and bits == 8:
        return av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), "rgb24")
    white = np.iinfo(rgb.dtype).max
    return av.VideoFrame.from_ndarray(_scaled(rgb, _scaler_white(bits, full_range) / white), "rgb48le")


def _tagged(frame: VideoFrame, colour: Colour) -> VideoFrame:
    frame.colorspace = colour.matrix
    frame.color_range = FULL if colour.full_range else LIMITED
    if colour.primaries != UNSPECIFIED:
        frame.color_primaries = colour.primaries
    if colour.transfer != UNSPECIFIED:
        frame.color_trc = colour.transfer
    return frame


def _scaler_white(bits: int, full_range: bool) -> int:
    """Return what the scaler calls white in 16-bit RGB: it shifts samples up instead of stretching them to 65535."""
    if bits == 8:
        return 65535
    return ((1 << bits) - 1) << (16 - bits) if full_range else 255 << 8


def _scaled(pixels: np.ndarray, factor: float) -> np.ndarray:
    return np.rint(np.clip(pixels * np.float32(factor), 0, 65535)).astype(np.uint16)


def _flattened(rgba: np.ndarray, background: Rgb) -> np.ndarray:
    """Return (height, width, 4) pixels laid over `background`, rounded, as (height, width, 3) of the same dtype."""
    white = np.iinfo(rgba.dtype).max
    alpha = rgba[..., 3:].astype(np.uint64)
    below = np.array(background, np.uint64) * (white // 255)
    return ((rgba[..., :3] * alpha + below * (white - alpha) + white // 2) // white).astype(rgba.dtype)
