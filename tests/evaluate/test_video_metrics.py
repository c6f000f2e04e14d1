"""A video is measured beside its source, frame by frame, and must be its own."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.analysis.test_picture_measures import slow_lab
from tests.analysis.test_temporal_consistency import pan
from tests.clips import Pictures, make_clip
from tests.styles import make_style
from vidstyle.errors import InputError, SettingsError
from vidstyle.evaluate.inputs import Inputs
from vidstyle.evaluate.settings import EvaluateSettings
from vidstyle.evaluate.stage import run
from vidstyle.progress import Progress
from vidstyle.render.settings import RenderSettings
from vidstyle.render.stage import run as render

LOSSLESS = {"codec": "ffv1", "pixel_format": "yuv444p", "options": {}, "b_frames": 0}


SCENE = pan(10)


def panorama(index: int) -> np.ndarray:
    """Return a textured scene that moves by two pixels a frame, (96, 128, 3) uint8."""
    return np.clip(SCENE[index], 20, 210)


def clip(path: Path, pictures: Pictures = panorama, frames: int = 10, **options: object) -> Path:
    return make_clip(path, size=(128, 96), frames=frames, pictures=pictures, **{**LOSSLESS, **options})


def figures(result: Path, source: Path, **settings: object) -> dict[str, dict]:
    """Return the figures of a video beside its source by name."""
    found = run(Inputs(result, source=source), EvaluateSettings(**settings)).details["figures"]
    return {record["name"]: record for record in found}


def test_flicker_and_colour_that_were_put_in_are_found(tmp_path: Path) -> None:
    def flickering(index: int) -> np.ndarray:
        return np.clip(panorama(index).astype(int) + 8 * (index % 2), 0, 255).astype(np.uint8)

    def reddish(index: int) -> np.ndarray:
        return np.clip(panorama(index).astype(int) + np.array((40, 0, 0)), 0, 255).astype(np.uint8)

    source = clip(tmp_path / "source.mkv")
    steady, unsteady = (figures(clip(tmp_path / f"{one.__name__}.mkv", one), source) for one in (reddish, flickering))
    assert unsteady["warping-error"]["value"] == pytest.approx(unsteady["warping-error"]["source_value"] + 8, abs=1)
    assert steady["warping-error"]["value"] == pytest.approx(steady["warping-error"]["source_value"], abs=0.3)
    assert unsteady["flicker"]["value"] > 2 > 0.5 > steady["flicker"]["value"]
    assert steady["colour-shift"]["value"] > 8 and steady["colour-drift"]["value"] < 0.5
    assert unsteady["colour-drift"]["value"] > 1
    assert steady["frames"]["value"] == steady["frames"]["source_value"] == 10
    assert steady["warping-error"]["counts"] == {"frames": 10, "pairs": 9, "cuts left out": 0}


def test_colours_that_shift_differently_in_two_shots_drift_by_the_difference(tmp_path: Path) -> None:
    scenes = [(200, 120, 60), (90, 110, 130)]
    tinted = [(220, 120, 60), (90, 110, 100)]

    def shots(colours: list[tuple[int, int, int]]) -> Pictures:
        return lambda index: np.full((96, 128, 3), colours[index // 5], np.uint8)

    source = clip(tmp_path / "source.mkv", shots(scenes))
    shifts = [slow_lab(np.array(now)) - slow_lab(np.array(before)) for before, now in zip(scenes, tinted, strict=True)]
    found = figures(clip(tmp_path / "tinted.mkv", shots(tinted)), source)["shot-drift"]
    assert found["value"] == pytest.approx(np.linalg.norm(shifts[0] - shifts[1]), rel=0.05)
    assert found["counts"] == {"frames": 10, "shots": 2}
    assert found["resizer"] == "area, to short side 90"
    assert figures(source, source)["shot-drift"]["value"] == pytest.approx(0, abs=1e-3)


def test_a_video_of_one_shot_has_no_drift_between_shots(tmp_path: Path) -> None:
    source = clip(tmp_path / "source.mkv")
    found = figures(source, source)["shot-drift"]
    assert (found["value"], found["counts"]) == (None, {"frames": 10, "shots": 1})


def test_a_blurred_result_is_less_sharp(tmp_path: Path) -> None:
    from tests.drawings import blurred, drawing

    source = clip(tmp_path / "source.mkv", lambda index: drawing(3, (128, 96), index))
    soft = clip(tmp_path / "soft.mkv", lambda index: blurred(drawing(3, (128, 96), index), 2))
    found = figures(soft, source)["sharpness"]
    assert 0 < found["value"] < 0.7 * found["source_value"]


def test_frames_at_other_times_are_told_by_how_much(tmp_path: Path) -> None:
    times = [0, 40, 80, 120, 160, 230, 240, 280]
    source = clip(tmp_path / "source.mkv", frames=8, pts=[40 * one for one in range(8)], time_base=Fraction(1, 1000))
    moved = clip(tmp_path / "moved.mkv", frames=8, pts=times, time_base=Fraction(1, 1000))
    assert figures(moved, source)["largest-pts-error-ms"]["value"] == pytest.approx(30)
    assert figures(source, source)["largest-pts-error-ms"]["value"] == 0


@pytest.mark.parametrize("start", [0, 700])
def test_a_copy_that_starts_later_is_told_by_how_much(tmp_path: Path, start: int) -> None:
    def at(name: str, first: int) -> Path:
        times = [first + 40 * one for one in range(6)]
        return clip(tmp_path / name, frames=6, pts=times, time_base=Fraction(1, 1000))

    source, late = at("source.mkv", start), at("late.mkv", start + 2000)
    found = figures(late, source)
    assert found["start-offset-ms"]["value"] == pytest.approx(2000)
    assert found["largest-pts-error-ms"]["value"] == 0
    assert figures(source, late)["start-offset-ms"]["value"] == pytest.approx(-2000)
    assert figures(source, source)["start-offset-ms"]["value"] == 0


@pytest.mark.parametrize("options", [{}, {"start": 0.3, "end": 0.7}])
@pytest.mark.parametrize("first", [700, 100_000], ids=["a late picture", "a broadcast's clock"])
def test_what_render_makes_starts_with_its_source(tmp_path: Path, first: int, options: dict[str, float]) -> None:
    times = [first + 100 * one for one in range(10)]
    source = clip(tmp_path / "source.mkv", pts=times, time_base=Fraction(1, 1000))
    style = make_style(tmp_path / "style.safetensors")
    settings = RenderSettings(style=str(style), device="cpu", upscaler="none", **options)
    render(source, tmp_path / "painted.mp4", settings)
    found = figures(tmp_path / "painted.mp4", source, **options)
    assert found["start-offset-ms"]["value"] == found["largest-pts-error-ms"]["value"] == 0


def test_a_part_is_held_against_that_part_of_the_source(tmp_path: Path) -> None:
    source = clip(tmp_path / "source.mkv", rate=10)
    part = clip(tmp_path / "part.mkv", lambda index: panorama(index + 3), frames=4, rate=10)
    found = figures(part, source, start=0.3, end=0.7)
    assert found["frames"]["value"] == 4
    assert found["colour-shift"]["value"] < 0.5


def refused(result: Path, source: Path, **settings: object) -> str:
    """Return the message with which two videos are refused."""
    with pytest.raises((InputError, SettingsError)) as caught:
        figures(result, source, **settings)
    return str(caught.value)


def test_another_number_of_frames_is_refused_with_both_numbers(tmp_path: Path) -> None:
    source, short = clip(tmp_path / "source.mkv"), clip(tmp_path / "short.mkv", frames=7)
    assert refused(short, source) == (
        f"{short} has 7 frames and its source {source} 10. "
        "Name a result and its own source; of a part of it, give --start and --end."
    )


def test_other_numbers_of_frames_are_said_before_anything_is_measured(tmp_path: Path) -> None:
    source, short = (
        clip(tmp_path / f"{count}.mp4", frames=count, rate=10, codec="libx264", pixel_format="yuv420p")
        for count in (10, 7)
    )
    told: list[Progress] = []
    with pytest.raises(InputError):
        run(Inputs(short, source=source), EvaluateSettings(), told.append)
    assert told[0].note == (
        f"{short} states 7 frames and its source {source} 10. Nothing can be measured unless both hold the same number."
    )
    told.clear()
    run(Inputs(short, source=source), EvaluateSettings(end=0.7), told.append)
    assert not any(one.note for one in told)


def test_pictures_of_another_shape_are_refused(tmp_path: Path) -> None:
    source = clip(tmp_path / "source.mkv")
    square = make_clip(tmp_path / "square.mkv", size=(96, 96), frames=10)
    assert refused(square, source) == (
        f"{square} shows 96x96 pixels and its source {source} 128x96: another shape of picture. "
        "Name a result and its own source."
    )


def test_a_file_that_is_no_video_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    message = refused(tmp_path / "empty.mp4", clip(tmp_path / "source.mkv"))
    assert message == f"{tmp_path / 'empty.mp4'} is empty (0 bytes). Copy or download it again."


@pytest.mark.parametrize("metrics", ["fid", "paper"])
def test_metrics_of_pictures_are_refused_for_video(tmp_path: Path, metrics: str) -> None:
    source = clip(tmp_path / "source.mkv")
    assert refused(source, source, metrics=metrics) == (
        "--metrics chooses metrics of pictures; of a video all are measured. Leave --metrics out."
    )
