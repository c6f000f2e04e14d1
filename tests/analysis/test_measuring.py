"""What is measured on a frame's own samples is what would be measured on its RGB."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.clips import make_clip
from tests.drawings import blurred, drawing
from tests.hdr_clips import HLG_COLOUR, make_hdr_clip
from vidstyle.analysis.borders import Box
from vidstyle.analysis.light import Light
from vidstyle.analysis.measuring import Copies
from vidstyle.analysis.scale import square_pixels
from vidstyle.analysis.sharpness import sharpness
from vidstyle.media.picture import Picture
from vidstyle.media.probe import probe
from vidstyle.media.read import VideoReader

SIZE = (320, 240)
SQUARE = 1.0


def pictures(path: Path, count: int = 3) -> list[Picture]:
    with VideoReader(probe(path)) as reader:
        return [picture for picture, _ in zip(reader.pictures(), range(count), strict=False)]


def differ(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(int) - other).mean())


@pytest.mark.parametrize(
    "kind",
    [
        {},
        {"pixel_format": "yuv444p"},
        {"pixel_format": "yuv422p", "full_range": True},
        {"pixel_format": "yuv420p10le"},
        {"rotation": 90},
        {"rotation": 180, "sample_aspect": Fraction(4, 3)},
        {"rotation": 270, "sample_aspect": Fraction(4, 3)},
        {"size": (1280, 720), "matrix": 6},
    ],
    ids=str,
)
@pytest.mark.parametrize("box", [None, Box(20, 31, 209, 200)], ids=["whole", "box"])
def test_copies_of_samples_are_those_of_rgb(tmp_path: Path, kind: dict[str, Any], box: Box | None) -> None:
    size = kind.get("size", SIZE)
    path = make_clip(
        tmp_path / "a.mp4",
        frames=3,
        pictures=lambda index: blurred(drawing(index, size), index),
        **{"size": size, **kind},
    )
    for picture in pictures(path):
        aspect = float(picture.clip.upright_aspect)
        assert picture.planes is not None
        quick = Copies.of_planes(picture.planes, box, aspect)
        rgb = picture.rgb if picture.rgb.dtype == np.uint8 else (picture.rgb // 257).astype(np.uint8)
        plain = Copies.of_rgb(np.ascontiguousarray(box.crop(rgb) if box else rgb), aspect)
        assert quick.grey.shape == plain.grey.shape and quick.thumbnail.shape == plain.thumbnail.shape
        assert differ(quick.thumbnail, plain.thumbnail) < 5
        assert abs(Light.of(quick.grey).brightness - Light.of(plain.grey).brightness) < 4
        assert sharpness(quick.grey) == pytest.approx(sharpness(plain.grey), rel=0.12)


def test_copies_have_square_pixels_and_at_most_the_measuring_size() -> None:
    wide = drawing(1, (960, 576))
    small = Copies.of_rgb(wide, 4 / 3)
    assert small.grey.shape == (360, 800) and small.thumbnail.shape == (36, 64, 3)
    squared = Copies.of_rgb(square_pixels(wide, 4 / 3), SQUARE)
    assert differ(squared.thumbnail, small.thumbnail) < 1


@pytest.mark.parametrize("what", ["hdr", "rgb"])
def test_where_samples_say_little_rgb_is_made_of_a_small_picture(tmp_path: Path, what: str) -> None:
    if what == "hdr":
        path = make_hdr_clip(tmp_path / "a.mp4", HLG_COLOUR)
    else:
        path = make_clip(tmp_path / "a.mkv", codec="ffv1", pixel_format="bgr0", frames=2, size=SIZE)
    picture = pictures(path, 1)[0]
    assert picture.planes is None
    short = min(picture.rgb.shape[:2]) // 2
    reduced = picture.reduced(short)
    assert min(reduced.shape[:2]) == short and reduced.dtype == picture.rgb.dtype
    averaged = picture.rgb[: short * 2].reshape(short, 2, reduced.shape[1], 2, 3).mean((1, 3))
    assert np.abs(averaged - reduced).mean() / np.iinfo(reduced.dtype).max < 0.01
    assert picture.reduced(10_000) is picture.rgb
