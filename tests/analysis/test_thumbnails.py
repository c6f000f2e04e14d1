"""What is measured on a frame's own samples is what would be measured on its RGB."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.clips import make_clip
from tests.drawings import blurred, drawing
from tests.hdr_clips import HLG_COLOUR, make_hdr_clip
from vidstyle.analysis.borders import Box
from vidstyle.analysis.light import Light
from vidstyle.analysis.scale import square_pixels
from vidstyle.analysis.sharpness import sharpness
from vidstyle.analysis.thumbnails import Preview, gradient_energy, grey_of_planes, grey_of_rgb
from vidstyle.media.picture import Picture
from vidstyle.media.probe import probe
from vidstyle.media.read import VideoReader

SIZE = (320, 240)


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
        rgb = picture.rgb if picture.rgb.dtype == np.uint8 else (picture.rgb // 257).astype(np.uint8)
        inside = np.ascontiguousarray(box.crop(rgb) if box else rgb)
        quick, plain = Preview.of_planes(picture.planes, box), Preview.of_rgb(inside)
        grey, plain_grey = grey_of_planes(picture.planes, box, aspect), grey_of_rgb(inside, aspect)
        assert grey.shape == plain_grey.shape and quick.thumbnail.shape == plain.thumbnail.shape
        assert differ(quick.thumbnail, plain.thumbnail) < 5
        assert abs(Light.of(grey).brightness - Light.of(plain_grey).brightness) < 4
        assert sharpness(grey) == pytest.approx(sharpness(plain_grey), rel=0.12)


def test_grey_copies_are_small_and_never_enlarged() -> None:
    assert grey_of_rgb(drawing(0, (1280, 720)), 1).shape == (360, 640)
    assert grey_of_rgb(drawing(0, (90, 160)), 1).shape == (160, 90)


def test_copies_have_square_pixels_and_at_most_the_measuring_size() -> None:
    wide = drawing(1, (960, 576))
    assert grey_of_rgb(wide, 4 / 3).shape == (360, 800)
    squared = Preview.of_rgb(square_pixels(wide, 4 / 3))
    assert squared.thumbnail.shape == (36, 64, 3)
    assert differ(squared.thumbnail, Preview.of_rgb(wide).thumbnail) < 1


@pytest.mark.parametrize("size", [(320, 240), (1280, 720), (3840, 2160)])
def test_gradient_energy_of_some_lines_is_that_of_all_steps_of_a_measuring_copy(size: tuple[int, int]) -> None:
    energies = []
    for seed in range(4):
        grey = cv2.cvtColor(cv2.resize(drawing(seed, (640, 360)), size), cv2.COLOR_RGB2GRAY)
        step = max(1, size[1] // 360)
        whole = grey.astype(float)
        across, down = whole[:, step:] - whole[:, :-step], whole[step:] - whole[:-step]
        plain = ((across**2).sum() + (down**2).sum()) / grey.size
        assert gradient_energy(grey) == pytest.approx(plain, rel=0.2)
        energies.append(gradient_energy(grey))
        assert gradient_energy(cv2.blur(grey, (3 * step, 3 * step))) < 0.8 * energies[-1]
    assert gradient_energy(grey[:1]) == gradient_energy(grey[:, :1]) == 0.0


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
