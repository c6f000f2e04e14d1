"""A student learns what a teacher paints of photos and films; the pairs are painted once, and a run goes on where it stopped."""

import json
import signal
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from tests.clips import make_clip
from tests.styles import make_style
from tests.train.conftest import picture
from vidstyle import api
from vidstyle.cli.distil import distil
from vidstyle.distil.picture_source import list_sources
from vidstyle.distil.settings import DistilSettings
from vidstyle.distil.stage import is_done, run
from vidstyle.errors import InputError, Interrupted, SettingsError
from vidstyle.media.images import read_image, write_image
from vidstyle.models.style_file import load_style, start_identity
from vidstyle.progress import Progress, silent
from vidstyle.render.engine import Engine
from vidstyle.render.settings import RenderSettings
from vidstyle.run_folder import student_name

EASY: dict[str, Any] = {
    "device": "cpu",
    "precision": "fp32",
    "load": 48,
    "crop": 32,
    "channels": 4,
    "blocks": 1,
    "steps": 4,
    "int8": False,
    "log_every": 2,
}


class Place:
    """A dataset of three photos, a film of 12 frames, a teacher, and a folder of runs."""

    def __init__(self, folder: Path) -> None:
        self.dataset, self.runs = folder / "dataset", folder / "runs"
        for number in range(3):
            write_image(self.dataset / "trainA" / f"{number}.png", picture(number, flat=False))
        self.film = make_clip(folder / "film.mp4", size=(96, 64), frames=12)
        self.teacher = str(make_style(folder / "teacher.safetensors"))

    def settings(self, **changes: Any) -> DistilSettings:
        return DistilSettings(**{**EASY, "name": "student", "video": (str(self.film),), "frames": 2, **changes})

    def run(self, on_progress: Any = silent, **changes: Any) -> Any:
        return run(self.teacher, self.dataset, self.runs, self.settings(**changes), on_progress)

    def targets(self, name: str = "student") -> Path:
        return self.runs / name / "targets"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Return the place with a finished run `student`."""
    made = Place(tmp_path_factory.mktemp("distil"))
    made.run()
    yield made


def test_photos_and_frames_are_painted_as_the_teacher_renders_them(place: Place) -> None:
    names = [f"{number:06d}.png" for number in range(5)]
    for side in ("photos", "paintings"):
        assert sorted(path.name for path in (place.targets() / side).iterdir()) == names
    photo = read_image(place.targets() / "photos" / names[0])
    assert photo.shape == (48, 58, 3)
    engine = Engine(RenderSettings(style=place.teacher, device="cpu"))
    sizes = engine.sizes((58, 48))
    plain = engine.picture_painter(sizes).paint(photo[None], sizes, sixteen_bit=False)[0]
    painted = read_image(place.targets() / "paintings" / names[0])
    assert np.abs(painted.astype(int) - plain).mean() < 3 < np.abs(painted.astype(int) - photo).mean()


def test_the_run_leaves_a_style_that_names_its_teacher(place: Place) -> None:
    style = load_style(place.runs / "student" / "style.safetensors")
    assert (style.kind, style.channels, style.size) == ("compact", 4, 48)
    assert style.history["teacher"]["name"] == place.teacher
    assert style.history["teacher"]["milliseconds"] > 0
    assert (place.runs / "student" / "report.html").is_file()


def test_frames_of_a_film_are_spread_over_it(place: Place) -> None:
    sources = list_sources(None, [place.film], 3)
    seconds = [source.second for source in sources]
    assert seconds == sorted(set(seconds)) and 0 < seconds[0] < seconds[-1] < 0.5
    assert len(sources[0].pictures(32)) == 3
    with pytest.raises(InputError):
        list_sources(None, [place.dataset / "none.mp4"], 3)


def test_the_same_call_from_python_paints_and_trains_nothing_again(place: Place) -> None:
    before = {path: path.stat().st_mtime_ns for path in place.targets().rglob("*.png")}
    told: list[Progress] = []
    films = {"video": [place.film], "frames": 2, "name": "student"}
    result = api.distil(place.teacher, place.dataset, place.runs, **EASY, **films, on_progress=told.append)
    assert result.style == place.runs / "student" / "style.safetensors"
    assert result.photos == result.paintings == 5
    assert {path: path.stat().st_mtime_ns for path in place.targets().rglob("*.png")} == before
    assert not [progress for progress in told if progress.phase == "training"]


def test_what_was_stopped_while_painting_ends_as_a_run_in_one_go(place: Place) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.phase == "the teacher paints" and progress.done == 2:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(Interrupted, match="after 2 of 5 pictures"):
        place.run(interrupt, name="stopped")
    assert len(list((place.targets("stopped") / "paintings").iterdir())) == 2
    place.run(name="stopped")
    styles = [load_style(place.runs / name / "style.safetensors").weights for name in ("student", "stopped")]
    assert all(torch.equal(styles[0][name], styles[1][name]) for name in styles[0])


def test_another_teacher_is_refused_until_a_restart(place: Place) -> None:
    with pytest.raises(SettingsError, match="painted with other settings"):
        place.run(clean=0.0)
    before = json.loads((place.targets() / "teacher.json").read_text())
    place.run(name="stopped", clean=0.0, restart=True)
    after = json.loads((place.targets("stopped") / "teacher.json").read_text())
    assert (before["settings"]["clean"], after["settings"]["clean"]) == (3.0, 0.0)


def test_it_is_done_until_a_setting_or_the_teacher_changes(place: Place) -> None:
    assert is_done(place.teacher, place.runs, place.settings())
    changes: list[dict[str, Any]] = [{"clean": 1.0}, {"lr": 1e-4}, {"name": "other"}]
    assert not any(is_done(place.teacher, place.runs, place.settings(**change)) for change in changes)
    assert not is_done("default", place.runs, place.settings())


@pytest.mark.skipif(not (find_spec("openvino") and find_spec("nncf")), reason="needs the extra openvino")
def test_the_student_is_quantised_on_its_photos_and_a_poor_twin_is_told_of(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    shapes: list[tuple[int, ...]] = []

    def poor(style: Path, pictures: list[torch.Tensor], target: Path, on_progress: Any) -> float:
        shapes.extend(tuple(picture.shape) for picture in pictures)
        return 30.0

    monkeypatch.setattr("vidstyle.distil.stage.make_twin", poor)
    assert "it is 30.0 dB from the exact one, and 38 are the least" in place.run(int8=True).warnings[-1]
    assert shapes == [(1, 3, 48, 48)] * 5


def test_a_student_begins_as_its_teacher_where_their_generators_are_alike(place: Place) -> None:
    teacher = place.runs / "student" / "style.safetensors"
    run(str(teacher), place.dataset, place.runs, place.settings(name="second", steps=1, lr=1e-9), silent)
    first, second = (load_style(place.runs / name / "style.safetensors") for name in ("student", "second"))
    assert all(torch.allclose(first.weights[name], second.weights[name], atol=1e-6) for name in first.weights)
    assert start_identity(second) == start_identity(first)
    run(str(teacher), place.dataset, place.runs, place.settings(name="third", steps=1, lr=1e-9, blocks=2), silent)
    assert load_style(place.runs / "third" / "style.safetensors").start == ""


def test_the_command_says_what_it_would_do_and_what_is_missing(place: Place) -> None:
    command = [place.teacher, str(place.dataset), "--runs", str(place.runs), "--steps", "7", "--dry-run"]
    told = CliRunner().invoke(distil, command)
    assert "Would train 7 steps on 3 photos and 3 paintings." in told.output
    assert not (place.runs / "teacher-fast").exists()
    with pytest.raises(InputError, match="Put photos"):
        run(place.teacher, place.dataset / "none", place.runs, DistilSettings(), silent)
    with pytest.raises(InputError, match="no folder"):
        run(place.teacher, place.dataset, place.runs, DistilSettings(photos=str(place.dataset / "none")), silent)


def test_cartoon_frames_are_those_that_the_discriminator_sees(place: Place) -> None:
    settings = place.settings(paintings=("frames",), lambda_texture=0.5)
    student = settings.of_student(place.teacher, place.targets())
    assert student.cartoon_frames == ("frames",) and student.lambda_texture == 0.5
    assert student.paintings == (str(place.targets() / "paintings"),)
    with pytest.raises(InputError, match="no folder none"):
        place.run(name="new", paintings=("none",))
    assert not place.targets("new").exists()


@pytest.mark.parametrize(
    ("style", "name"),
    [
        ("mine", "mine-fast"),
        ("runs/mine", "mine-fast"),
        ("mine/style.safetensors", "mine-fast"),
        ("a.safetensors", "a-fast"),
    ],
)
def test_a_student_is_called_after_its_teacher(style: str, name: str) -> None:
    assert student_name(style) == name
