"""The sheet shows a photo, or a frame of a video, in every style exactly as a render paints it."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.clips import make_clip, moving_square
from tests.drawings import drawing
from tests.hdr_clips import HLG_COLOUR, make_hdr_clip, slopes
from tests.styles import make_style
from vidstyle.errors import InputError, OutputError, SettingsError, StyleError
from vidstyle.media.images import read_image, write_image
from vidstyle.progress import Progress
from vidstyle.render.settings import RenderSettings
from vidstyle.render.sheet.sheet_source import read_sheet_source
from vidstyle.render.sheet.style_sheet import write_style_sheet
from vidstyle.render.stage import run

CAPTION, GAP = 28, 4


@pytest.fixture(scope="module")
def styles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two styles that paint differently."""
    folder = tmp_path_factory.mktemp("styles")
    return {name: make_style(folder / f"{name}.safetensors", seed) for seed, name in enumerate(("a", "source"))}


def plain(**others: Any) -> RenderSettings:
    """Return settings for a sheet that is painted fast."""
    return RenderSettings(**{"device": "cpu", "precision": "fp32", **others})


def cells(sheet: np.ndarray, size: tuple[int, int], columns: int = 2) -> list[np.ndarray]:
    """Return the pictures on a sheet, row by row, without their captions."""
    width, height = size
    rows = (sheet.shape[0] - GAP) // (CAPTION + height + GAP)
    tops = [GAP + CAPTION + row * (CAPTION + height + GAP) for row in range(rows)]
    lefts = [GAP + column * (width + GAP) for column in range(columns)]
    return [sheet[top : top + height, left : left + width] for top in tops for left in lefts]


@pytest.mark.parametrize("options", [{}, {"finish": "none", "size": 24}])
def test_each_painting_is_that_of_a_render(tmp_path: Path, styles: dict[str, Path], options: dict[str, Any]) -> None:
    write_image(tmp_path / "photo.png", drawing(3, (64, 48)))
    write_style_sheet(tmp_path / "photo.png", tmp_path / "sheet.png", styles, plain(**options))
    shown = cells(read_image(tmp_path / "sheet.png"), (64, 48))
    assert np.array_equal(shown[0], drawing(3, (64, 48)))
    for name, cell in zip(styles, shown[1:3], strict=True):
        run(tmp_path / "photo.png", tmp_path / f"{name}.png", plain(style=str(styles[name]), **options))
        assert np.array_equal(cell, read_image(tmp_path / f"{name}.png"))
    assert not np.array_equal(shown[1], shown[2])


@pytest.mark.parametrize(("at_seconds", "index"), [(None, 12), (0.25, 6)])
def test_a_video_gives_its_middle_frame_or_the_one_that_is_asked_for(
    tmp_path: Path, styles: dict[str, Path], at_seconds: float | None, index: int
) -> None:
    make_clip(tmp_path / "in.mkv", frames=24, codec="ffv1", pixel_format="bgr0", b_frames=0)
    write_style_sheet(tmp_path / "in.mkv", tmp_path / "sheet.png", {"a": styles["a"]}, plain(), at_seconds)
    source, painted = cells(read_image(tmp_path / "sheet.png"), (64, 48))
    assert np.array_equal(source, moving_square()(index))
    write_image(tmp_path / "frame.png", source)
    run(tmp_path / "frame.png", tmp_path / "painted.png", plain(style=str(styles["a"])))
    assert np.array_equal(painted, read_image(tmp_path / "painted.png"))


def test_a_frame_of_high_dynamic_range_is_shown_in_colours_of_a_picture(
    tmp_path: Path, styles: dict[str, Path]
) -> None:
    make_hdr_clip(tmp_path / "in.mkv", HLG_COLOUR, codec="libx265")
    settings = plain(hdr="keep", blend=0.0, finish="none", size="source")
    write_style_sheet(tmp_path / "in.mkv", tmp_path / "sheet.png", {"a": styles["a"]}, settings)
    source, unpainted = cells(read_image(tmp_path / "sheet.png"), (64, 48))
    assert np.abs(source.astype(int) - unpainted).max() <= 1
    assert np.abs(source / 255 - slopes()).mean() < 0.03


def test_large_pictures_are_shown_small_and_with_square_pixels(tmp_path: Path, styles: dict[str, Path]) -> None:
    write_image(tmp_path / "photo.png", drawing(3, (1280, 320)))
    make_clip(tmp_path / "in.mp4", size=(64, 48), frames=2, sample_aspect=Fraction(2))
    settings = plain(size=16)
    for source, size in (("photo.png", (640, 160)), ("in.mp4", (128, 48))):
        write_style_sheet(tmp_path / source, tmp_path / f"{source}.sheet.png", {"a": styles["a"]}, settings)
        sheet = read_image(tmp_path / f"{source}.sheet.png")
        assert sheet.shape == (2 * GAP + CAPTION + size[1], 3 * GAP + 2 * size[0], 3)


def test_a_style_that_is_broken_is_left_out_and_told_of(tmp_path: Path, styles: dict[str, Path]) -> None:
    write_image(tmp_path / "photo.png", drawing(3, (64, 48)))
    (tmp_path / "broken.safetensors").write_text("half of it")
    notes: list[str] = []

    def on_progress(progress: Progress) -> None:
        notes.extend([progress.note] if progress.note else [])

    broken = {"broken": tmp_path / "broken.safetensors"}
    target = tmp_path / "sheet.png"
    write_style_sheet(tmp_path / "photo.png", target, {"a": styles["a"], **broken}, plain(), None, on_progress)
    assert len(cells(read_image(target), (64, 48))) == 2
    assert len(notes) == 1 and notes[0].startswith("The style broken is not on the sheet: Cannot read the style ")
    target.unlink()
    with pytest.raises(StyleError):
        write_style_sheet(tmp_path / "photo.png", target, broken, plain())
    assert not target.exists()


def test_what_cannot_become_a_sheet_is_refused_before_anything_is_painted(
    tmp_path: Path, styles: dict[str, Path]
) -> None:
    photo, clip = tmp_path / "photo.png", tmp_path / "in.mp4"
    write_image(photo, drawing(3, (64, 48)))
    make_clip(clip, frames=12)
    cases: Sequence[tuple[Path, str, float | None, type[Exception], str]] = (
        (photo, "sheet.xyz", None, OutputError, r"a sheet becomes \.png"),
        (photo, "photo.png", None, OutputError, r"is the source itself"),
        (photo, "sheet.png", 1.0, SettingsError, r"is a picture, which has no seconds\. Leave --at out\."),
        (clip, "sheet.png", 0.5, InputError, r"ends at 0\.50 s\. Give an earlier second with --at\."),
        (tmp_path / "gone.png", "sheet.png", None, InputError, r"gone\.png"),
    )
    for source, target, at_seconds, kind, text in cases:
        with pytest.raises(kind, match=text):
            write_style_sheet(source, tmp_path / target, styles, plain(), at_seconds)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mp4", "photo.png"]


def test_a_second_after_the_last_frame_began_shows_that_frame(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", frames=6)
    last, later = (read_sheet_source(clip, index / 24, RenderSettings()).pixels for index in (5, 5.5))
    assert np.array_equal(last, later)
