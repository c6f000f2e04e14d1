"""Colours keep their values through coded frames, whatever matrix, range and depth."""

import itertools
import multiprocessing
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from vidstyle.errors import InputError
from vidstyle.media.clip import Clip, Colour
from vidstyle.media.colour import EXACT_SCALING, check_readable, from_rgb, resolve_colour, to_rgb
from vidstyle.media.frame_properties.chroma_location import located

LUMA_WEIGHTS = {1: (0.2126, 0.0722), 6: (0.299, 0.114), 9: (0.2627, 0.0593)}
"""Red and blue luma weights of BT.709, BT.601 and BT.2020 (ITU-T H.273, table 4)."""


def clip_of(width: int, height: int, pixel_format: str, colour: Colour, rotation: int = 0) -> Clip:
    bits = av.VideoFormat(pixel_format).components[0].bits
    return Clip(
        path=Path("none.mp4"),
        video_index=0,
        width=width,
        height=height,
        rotation=rotation,
        sample_aspect=Fraction(1),
        frame_rate=Fraction(24),
        time_base=Fraction(1, 24),
        pixel_format=pixel_format,
        bit_depth=bits,
        colour=colour,
        interlaced=False,
        duration=None,
        frames=None,
        streams=(),
    )


def decoded_by_the_standard(planes: np.ndarray, matrix: int, full_range: bool, bits: int) -> np.ndarray:
    """ITU-T H.273, equations 28 to 40: what RGB in [0, 1] the integers of three planes stand for."""
    red, blue = LUMA_WEIGHTS[matrix]
    step = 1 << (bits - 8)
    y, u, v = planes.astype(np.float64)
    if full_range:
        y, u, v = y / (256 * step - 1), (u - 128 * step) / (256 * step - 1), (v - 128 * step) / (256 * step - 1)
    else:
        y, u, v = (y - 16 * step) / (219 * step), (u - 128 * step) / (224 * step), (v - 128 * step) / (224 * step)
    r, b = y + 2 * (1 - red) * v, y + 2 * (1 - blue) * u
    return np.clip(np.stack([r, (y - red * r - blue * b) / (1 - red - blue), b], -1), 0, 1)


def frame_with(planes: np.ndarray, pixel_format: str) -> av.VideoFrame:
    _, height, width = planes.shape
    frame = av.VideoFrame(width, height, pixel_format)
    for plane, values in zip(frame.planes, planes, strict=True):
        rows = np.zeros((height, plane.line_size // values.itemsize), values.dtype)
        rows[:, :width] = values
        plane.update(rows.tobytes())
    return frame


def random_frame(pixel_format: str, width: int, height: int) -> av.VideoFrame:
    frame = av.VideoFrame(width, height, pixel_format)
    for plane in frame.planes:
        plane.update(np.random.default_rng(width).integers(0, 256, plane.buffer_size, np.uint8).tobytes())
    return frame


@pytest.mark.parametrize("size", [(66, 50), (67, 51)])
@pytest.mark.parametrize("full_range", [False, True])
@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuvj420p", "yuv422p", "yuv444p", "yuv440p", "yuv411p"])
def test_by_way_of_planes_the_scaler_gives_the_very_values_of_rgb24(
    pixel_format: str, full_range: bool, size: tuple[int, int]
) -> None:
    frame, colour = random_frame(pixel_format, *size), Colour(1, 1, 1, full_range)
    plain = frame.reformat(
        format="rgb24",
        src_colorspace=1,
        dst_colorspace=1,
        src_color_range=2 if full_range else 1,
        dst_color_range=2,
        interpolation=EXACT_SCALING,
    )
    assert np.array_equal(to_rgb(frame, clip_of(*size, pixel_format, colour)), plain.to_ndarray())


def test_frames_of_other_kinds_in_between_change_nothing() -> None:
    kinds = [
        ("yuv420p", 64, 48, "left"),
        ("yuv420p", 64, 48, "center"),
        ("yuv444p", 64, 48, None),
        ("yuv420p", 96, 64, "left"),
    ]

    def convert(kind: tuple[str, int, int, str | None]) -> np.ndarray:
        pixel_format, width, height, location = kind
        clip = clip_of(width, height, pixel_format, Colour(6, 6, 6, False))
        return to_rgb(located(random_frame(pixel_format, width, height), location), clip)

    with ThreadPoolExecutor(1) as one:
        in_a_row = list(one.map(convert, kinds * 2))
    for kind, rgb in zip(kinds * 2, in_a_row, strict=True):
        with ThreadPoolExecutor(1) as fresh:
            assert np.array_equal(rgb, fresh.submit(convert, kind).result())
    assert not np.array_equal(in_a_row[0], in_a_row[1])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
def test_a_forked_process_converts_frames_too() -> None:
    frame, clip = random_frame("yuv420p", 640, 360), clip_of(640, 360, "yuv420p", Colour())
    to_rgb(frame, clip)
    process = multiprocessing.get_context("fork").Process(target=to_rgb, args=(frame, clip))
    process.start()
    process.join(60)
    waits = process.is_alive()
    process.kill()
    assert not waits


@pytest.mark.parametrize(("matrix", "full_range", "bits"), list(itertools.product((1, 6, 9), (False, True), (8, 10))))
def test_decoding_follows_the_standards_equations(matrix: int, full_range: bool, bits: int) -> None:
    draw = np.random.default_rng(0)
    step = 1 << (bits - 8)
    low, high = (0, 256 * step) if full_range else (16 * step, 235 * step + 1)
    planes = np.stack([draw.integers(low, high, (32, 32)), *draw.integers(96 * step, 160 * step, (2, 32, 32))])
    planes = planes.astype(np.uint8 if bits == 8 else np.uint16)
    pixel_format = "yuv444p" if bits == 8 else "yuv444p10le"
    rgb = to_rgb(frame_with(planes, pixel_format), clip_of(32, 32, pixel_format, Colour(matrix, 2, 2, full_range)))
    expected = decoded_by_the_standard(planes, matrix, full_range, bits)
    assert rgb.dtype == (np.uint8 if bits == 8 else np.uint16)
    assert np.abs(rgb / np.iinfo(rgb.dtype).max - expected).max() < 0.6 / 255


@pytest.mark.parametrize(
    ("matrix", "full_range", "pixel_format"),
    list(itertools.product((1, 6, 9), (False, True), ("yuv444p", "yuv420p", "yuv444p10le", "yuv420p10le"))),
)
def test_a_picture_survives_being_coded_and_decoded(matrix: int, full_range: bool, pixel_format: str) -> None:
    deep = "10" in pixel_format
    across, down = np.meshgrid(np.linspace(0, 1, 64), np.linspace(0, 1, 48))
    smooth = np.stack([across, down, 1 - across * down], -1)
    rgb = np.rint(smooth * (65535 if deep else 255)).astype(np.uint16 if deep else np.uint8)
    colour = Colour(matrix, 2, 2, full_range)
    frame = from_rgb(rgb, pixel_format, colour)
    assert (frame.format.name, int(frame.colorspace), int(frame.color_range)) == (
        pixel_format,
        matrix,
        2 if full_range else 1,
    )
    again = to_rgb(frame, clip_of(64, 48, pixel_format, colour))
    error = np.abs(again / np.iinfo(again.dtype).max - smooth)[2:-2, 2:-2] * 255
    assert error.mean() < (1.0 if "420" in pixel_format or not deep else 0.4)
    assert error.max() < 5


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv420p10le"])
@pytest.mark.parametrize("full_range", [False, True])
def test_white_stays_white_and_black_stays_black(pixel_format: str, full_range: bool) -> None:
    for value in (0, 255):
        rgb = np.full((16, 16, 3), value, np.uint8)
        colour = Colour(1, 1, 1, full_range)
        again = to_rgb(from_rgb(rgb, pixel_format, colour), clip_of(16, 16, pixel_format, colour))
        assert np.abs(again / np.iinfo(again.dtype).max - value / 255).max() <= 1 / 255


def test_an_untagged_picture_is_bt601_when_small_and_bt709_when_hd() -> None:
    assert resolve_colour(Colour(), 720, 576) == Colour(matrix=6, full_range=False)
    assert resolve_colour(Colour(), 1280, 720) == Colour(matrix=1, full_range=False)
    assert resolve_colour(Colour(matrix=9, full_range=True), 640, 360) == Colour(matrix=9, full_range=True)


def test_a_missing_matrix_follows_the_primaries_and_the_transfer_before_the_size() -> None:
    stated = [
        (Colour(primaries=9), 9),
        (Colour(primaries=6), 6),
        (Colour(primaries=5), 6),
        (Colour(primaries=7), 7),
        (Colour(transfer=16), 9),
        (Colour(transfer=18), 9),
        (Colour(primaries=12), 1),
        (Colour(matrix=6, primaries=1), 6),
    ]
    for colour, matrix in stated:
        assert resolve_colour(colour, 1920, 1080).matrix == matrix, colour
    assert resolve_colour(Colour(primaries=1), 320, 240).matrix == 1


@pytest.mark.parametrize(("degrees", "corner"), [(0, (0, 0)), (90, (0, -1)), (180, (-1, -1)), (270, (-1, 0))])
def test_a_rotated_picture_is_turned_clockwise(degrees: int, corner: tuple[int, int]) -> None:
    rgb = np.zeros((48, 64, 3), np.uint8)
    rgb[:8, :8] = 255
    clip = clip_of(64, 48, "yuv444p", Colour(), degrees)
    upright = to_rgb(from_rgb(rgb, "yuv444p", Colour()), clip)
    assert upright.shape[:2] == clip.upright_size[::-1]
    assert upright[corner].min() > 250
    assert (upright > 128).mean() < 0.05


@pytest.mark.parametrize(("dtype", "pixel_format"), [(np.uint8, "rgba"), (np.uint16, "rgba64le")])
def test_transparent_pixels_lie_over_the_background(dtype: type, pixel_format: str) -> None:
    top = np.iinfo(dtype).max
    rgba = np.full((16, 16, 4), top // 255 * 200, dtype)
    rgba[..., 3] = np.linspace(0, top, 16)[:, None]
    clip = clip_of(16, 16, pixel_format, Colour(matrix=0, full_range=True))
    for background in ((0, 0, 0), (255, 128, 30)):
        rgb = to_rgb(av.VideoFrame.from_ndarray(rgba, pixel_format), clip, background)
        share = rgba[..., 3:] / top
        expected = share * 200 + (1 - share) * background
        assert np.abs(rgb / (top // 255) - expected).max() <= 1


def test_grey_and_palette_formats_are_read() -> None:
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    rgb = to_rgb(av.VideoFrame.from_ndarray(grey, "gray"), clip_of(16, 16, "gray", Colour(full_range=True)))
    assert (rgb == grey[..., None]).all()


FLOATS = {
    "gbrpf32le": ("<f4", 1),
    "gbrapf32le": ("<f4", 1),
    "grayf32le": ("<f4", 1),
    "grayf16be": (">f2", 1),
    "rgbf32be": (">f4", 3),
    "yaf32le": ("<f4", 2),
    "rgbaf16le": ("<f2", 4),
}
"""How the numbers of a pixel format lie in memory, and how many of a pixel lie in one plane."""


@pytest.mark.parametrize("pixel_format", FLOATS)
def test_floating_point_is_clipped_to_what_can_be_shown(pixel_format: str) -> None:
    kind, channels = FLOATS[pixel_format]
    values = np.array([-0.5, 0, 0.25, 0.5, 1, 2, np.nan, np.inf] * 2, np.float32)
    frame = av.VideoFrame(16, 16, pixel_format)
    for number, plane in enumerate(frame.planes):
        pixels = np.repeat(np.ones(16, np.float32) if number == 3 else values, channels).reshape(16, channels)
        if channels in (2, 4):
            pixels[:, -1] = 1
        rows = np.zeros((16, plane.line_size // np.dtype(kind).itemsize), kind)
        rows[:, : 16 * channels] = pixels.ravel()
        plane.update(rows.tobytes())
    clip = replace(clip_of(16, 16, pixel_format, Colour()), bit_depth=16)
    rgb = to_rgb(frame, clip)
    expected = np.array([0, 0, 0.25, 0.5, 1, 1, 0, 1]) * 65535
    assert rgb.dtype == np.uint16
    assert np.abs(rgb[8, :8].astype(int) - expected[:, None]).max() <= 8


@pytest.mark.parametrize("pixel_format", ["pal8", "monow", "monob", "bayer_rggb8", "bayer_gbrg16le", "ya16le", "rgb8"])
def test_odd_pixel_formats_are_read(pixel_format: str) -> None:
    clip = clip_of(16, 16, pixel_format, Colour())
    check_readable(clip)
    assert to_rgb(av.VideoFrame(16, 16, pixel_format), clip).shape == (16, 16, 3)


def test_a_pixel_format_that_cannot_be_converted_is_named() -> None:
    with pytest.raises(
        InputError, match=r"^none\.mp4 has pictures of the pixel format gray32le, .*-pix_fmt yuv420p\.$"
    ):
        check_readable(replace(clip_of(16, 16, "gray32le", Colour()), bit_depth=16))
