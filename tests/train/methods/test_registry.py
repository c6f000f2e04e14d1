"""One contract for every training method: it learns, it resumes to the bit, and what it leaves can be used."""

import dataclasses
import json
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.train.conftest import picture, small
from vidstyle.errors import Interrupted, SettingsError, StyleError
from vidstyle.media.images import read_image, write_image
from vidstyle.models.inst.look_file import load_look
from vidstyle.models.style_file import load_style
from vidstyle.progress import Progress, silent
from vidstyle.render.settings import RenderSettings
from vidstyle.render.stage import run as render
from vidstyle.run_folder import RunFolder, read_log
from vidstyle.train.method_defaults import METHODS
from vidstyle.train.settings import TrainSettings
from vidstyle.train.stage import run

KEEPS_CONTENT = {
    "cut++": "NCE",
    "cut": "NCE",
    "fastcut": "NCE",
    "cut-stylegan": "NCE",
    "cyclegan": "cycle_A",
    "cartoon": "structure",
    "distil": "structure",
    "rt": "style",
    "cmd": "moments",
}
"""The loss of each method that 8 steps must lower; that of inst is another task at each step, see test_inst."""
KINDS = {"cartoon": "compact", "distil": "compact", "cut-stylegan": "stylegan2", "rt": "transformer"}


@dataclass(frozen=True)
class Done:
    """A run of 8 steps without a break, and one of the same settings that was stopped after 3 and taken up again."""

    settings: TrainSettings
    straight: RunFolder
    resumed: RunFolder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two photos and three paintings, and in `pairs` what a teacher painted of the photos."""
    folder = tmp_path_factory.mktemp("methods")
    for name, count, flat in (("trainA", 2, False), ("trainB", 3, True)):
        for number in range(count):
            write_image(folder / "dataset" / name / f"{number}.png", picture(number, flat))
    for number in range(2):
        write_image(folder / "dataset" / "pairs" / f"{number}.png", 255 - picture(number, False))
    return folder


def tiny(method: str, name: str, request: pytest.FixtureRequest) -> TrainSettings:
    """Return settings under which 8 steps of a method take less than a second; for cmd 4 steps for each photo."""
    own: dict[str, object] = {"steps": 8, "lr": 2e-3, "log_every": 2, "name": name}
    if METHODS[method].leaves == "pictures":
        own |= {"steps": 4, "lr": 0.02}
    if "vgg16" in METHODS[method].defaults:
        own |= {"vgg16": str(request.getfixturevalue("random_vgg16"))}
    if METHODS[method].counterparts == "paintings":
        own |= {"paintings": (str(request.getfixturevalue("folder") / "dataset" / "pairs"),)}
    if "base" in METHODS[method].defaults:
        own |= {"base": str(request.getfixturevalue("tiny_base"))}
    return small(method=method, **own)


@pytest.fixture(scope="module", params=METHODS)
def done(request: pytest.FixtureRequest, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Done:
    """Both runs of one method, in a folder of their own: tests that are dealt out anew may ask for them a second time."""
    runs = tmp_path_factory.mktemp(request.param)
    settings = [tiny(request.param, f"{request.param}-{name}", request) for name in ("straight", "resumed")]

    def interrupt(progress: Progress) -> None:
        if progress.phase == "training" and progress.done == 3:
            os.kill(os.getpid(), signal.SIGINT)

    run(folder / "dataset", runs, settings[0], silent)
    with pytest.raises(Interrupted, match=r"^Stopped after step 3; everything is kept"):
        run(folder / "dataset", runs, settings[1], interrupt)
    run(folder / "dataset", runs, settings[1], silent)
    return Done(settings[0], *(RunFolder(runs / named.name) for named in settings))


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(_same(*pair) for pair in zip(one, other, strict=True))
    return bool(one == other)


def test_eight_steps_lower_the_loss_that_keeps_the_content(done: Done) -> None:
    values = [row[KEEPS_CONTENT.get(done.settings.method, "noise")] for row in read_log(done.straight.log)]
    assert len(values) == 4
    if done.settings.method not in KEEPS_CONTENT:
        assert all(0 < value < 2 for value in values)
        return
    pairs = [values[:2], values[2:]] if done.settings.method == "cmd" else [[values[0], values[3]]]
    assert all(later < earlier for earlier, later in pairs), values


def test_a_run_that_was_stopped_ends_with_the_same_bits(done: Done) -> None:
    one, other = (torch.load(run.checkpoint, weights_only=True) for run in (done.straight, done.resumed))
    assert one["step"] == 8
    assert _same(one["method"], other["method"])
    assert _same(one["mean"], other["mean"])


def test_all_settings_that_the_method_has_are_recorded_and_no_others(done: Done) -> None:
    recorded = json.loads(done.straight.settings.read_text())
    own = METHODS[done.settings.method].defaults
    assert recorded == done.settings.record()
    assert own.keys() <= recorded.keys()
    assert not {name for method in METHODS.values() for name in method.defaults} - own.keys() & recorded.keys()
    assert all(recorded[name] is not None for name in own)


def test_the_result_can_be_used(done: Done, folder: Path, tmp_path: Path) -> None:
    photo = folder / "dataset" / "trainA" / "1.png"
    settings = RenderSettings(style=str(done.straight.path), device="cpu", precision="fp32", upscaler="none")
    if done.settings.method == "inst":
        looks = [load_look(run_folder.look) for run_folder in (done.straight, done.resumed)]
        assert torch.equal(looks[0].embedding, looks[1].embedding)
        assert looks[0].history["steps"] == 8
        with pytest.raises(
            StyleError, match=r"learnt a look, which varies pictures and paints none by itself\. Give it as"
        ):
            render(photo, tmp_path / "painted.png", settings)
        return
    if done.settings.method == "cmd":
        _results_are_kept_and_painting_is_refused(done, photo, settings, tmp_path)
        return
    render(photo, tmp_path / "painted.png", settings)
    painted = read_image(tmp_path / "painted.png")
    assert painted.shape == read_image(photo).shape
    style = load_style(done.straight.style)
    assert (style.kind, style.history["steps"]) == (KINDS.get(done.settings.method, "resnet"), 8)
    assert painted.std() > 0


def _results_are_kept_and_painting_is_refused(done: Done, photo: Path, settings: RenderSettings, tmp: Path) -> None:
    for run_folder in (done.straight, done.resumed):
        assert sorted(path.name for path in run_folder.results.iterdir()) == ["0.png", "1.png"]
    same = [read_image(run_folder.results / "1.png") for run_folder in (done.straight, done.resumed)]
    assert np.array_equal(*same)
    assert same[0].shape == (40, 48, 3)
    assert not done.straight.style.exists()
    with pytest.raises(StyleError) as caught:
        render(photo, tmp / "painted.png", settings)
    assert str(caught.value) == (
        f"The run {done.straight.path} has no generator that could paint: its method optimises pictures one by one. "
        f"They are in {done.straight.results}; to paint video, train with another method."
    )


@pytest.mark.parametrize(
    ("method", "changes", "message"),
    [
        (
            "cyclegan",
            {"attention": "on"},
            "The method cyclegan has no setting attention; it belongs to cut++, cut, fastcut, cut-stylegan. "
            "Leave it out, or choose another --method.",
        ),
        (
            "cut",
            {"style_image": "random"},
            "The method cut has no setting style-image; it belongs to rt, cmd, inst. "
            "Leave it out, or choose another --method.",
        ),
        (
            "inst",
            {"photos": "photos", "base": "sd"},
            "The method inst has no setting photos; it belongs to cut++, cut, fastcut, cut-stylegan, cyclegan, cartoon, distil, "
            "rt, cmd. Leave it out, or choose another --method.",
        ),
        (
            "cmd",
            {"epochs": 3},
            "The method cmd has no setting epochs; it belongs to cut++, cut, fastcut, cut-stylegan, cyclegan, rt. "
            "Leave it out, or choose another --method.",
        ),
    ],
)
def test_settings_of_other_methods_are_refused(method: str, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        TrainSettings(method=method, **changes)
    assert str(caught.value) == message


@pytest.mark.parametrize("method", METHODS)
def test_every_setting_of_another_method_is_refused(method: str) -> None:
    everything = {name: value for row in METHODS.values() for name, value in row.defaults.items() if value is not None}
    for name in everything.keys() - METHODS[method].defaults.keys():
        with pytest.raises(
            SettingsError, match=f"^The method .* has no setting {name.replace('_', '-')}; it belongs to"
        ):
            TrainSettings(method=method, **{name: everything[name]})


@pytest.mark.parametrize(("method", "name"), [("cut", "style_image"), ("cmd", "attention"), ("rt", "weighting")])
def test_auto_is_refused_where_the_method_has_no_such_setting(method: str, name: str) -> None:
    with pytest.raises(
        SettingsError, match=f"^The method {method} has no setting {name.replace('_', '-')}; it belongs to"
    ):
        TrainSettings(method=method, **{name: "auto"})


@pytest.mark.parametrize("method", METHODS)
def test_mixed_precision_trains_every_method_to_finite_numbers(
    folder: Path, request: pytest.FixtureRequest, method: str
) -> None:
    _two_steps(tiny(method, f"{method}-bf16", request), folder, precision="bf16")


@pytest.mark.needs_cuda
@pytest.mark.parametrize("method", METHODS)
def test_every_method_trains_on_a_gpu(folder: Path, request: pytest.FixtureRequest, method: str) -> None:
    _two_steps(tiny(method, f"{method}-cuda", request), folder, precision="bf16", device="cuda")


def _two_steps(settings: TrainSettings, folder: Path, **changes: Any) -> None:
    settings = dataclasses.replace(settings, steps=2, log_every=1, **changes)
    run(folder / "dataset", folder / "runs", settings, silent)
    rows = read_log(RunFolder(folder / "runs" / settings.name).log)
    assert rows and all(value == value for row in rows for value in row.values())


@pytest.mark.needs_weights
@pytest.mark.parametrize("method", ["rt", "cmd"])
def test_real_features_bring_photos_closer_to_the_style_image(
    folder: Path, real_weights: Path, request: pytest.FixtureRequest, method: str
) -> None:
    settings = dataclasses.replace(tiny(method, f"{method}-real", request), vgg16="", lr=5e-3)
    run(folder / "dataset", folder / "runs", settings, silent)
    values = [row[KEEPS_CONTENT[method]] for row in read_log(RunFolder(folder / "runs" / settings.name).log)]
    assert values[1] < values[0]
