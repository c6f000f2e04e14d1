"""What version 0.1.0 wrote is still read: a style, a run that was stopped, a render that was killed."""

import csv
import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.files_of_0_1_0.make import FRAMES, RENDER, TRAIN, restored
from tests.packets import pictures, tracks, video_times
from vidstyle.cli.main import main
from vidstyle.errors import ExitCode

SEGMENTS = ("000000.mp4", "000001.mp4")
STEPS_DONE, STEPS = 8, 12


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the files of then, which is the working directory: the paths in them are relative."""
    folder = restored(tmp_path / "files")
    monkeypatch.chdir(folder)
    return folder


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    return int(str(left.value.code))


def test_a_style_paints_what_it_painted_then(files: Path) -> None:
    command = ["anew.mp4" if word == "painted.mp4" else word for word in RENDER]
    assert call(*command) == ExitCode.OK
    now = np.stack(pictures(files / "anew.mp4")).astype(int)
    then = np.stack([frame for name in SEGMENTS for frame in pictures(files / ".painted.mp4.render" / name)])
    source = np.stack(pictures(files / "clip.mp4"))[: len(then)]
    assert np.abs(then - now[: len(then)]).mean() < 0.5
    assert np.abs(then - source.astype(int)).mean() > 10


@pytest.mark.parametrize("images", ["there", "gone"])
def test_a_run_that_was_stopped_goes_on_where_it_stopped(files: Path, images: str) -> None:
    if images == "gone":  # the cache that 0.1.0 left is all there is to learn from
        shutil.rmtree(files / "dataset" / "trainA")
        shutil.rmtree(files / "dataset" / "trainB")
    run = files / "runs" / "film"
    style, log = (run / "style.safetensors").read_bytes(), (run / "log.csv").read_text()
    assert call(*TRAIN) == ExitCode.OK
    assert (run / "log.csv").read_text().startswith(log)
    rows = list(csv.DictReader((run / "log.csv").read_text().splitlines()))
    assert [int(row["step"]) for row in rows] == list(range(1, STEPS + 1))
    assert all(math.isfinite(float(value)) for row in rows[STEPS_DONE:] for value in row.values())
    assert json.loads((run / "manifest.json").read_text())["counts"]["steps"] == STEPS
    assert (run / "style.safetensors").read_bytes() != style


def test_a_run_that_was_stopped_is_not_taken_for_another(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(*TRAIN, "--seed=1") == ExitCode.USAGE
    assert "seed 0" in capsys.readouterr().err


def test_a_render_that_was_killed_is_taken_up(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    painted = [tracks(files / ".painted.mp4.render" / name, "video")[0] for name in SEGMENTS]
    coded = [content for segment in painted for _, content in segment]
    assert call(*RENDER, "--json") == ExitCode.OK
    record = json.loads(capsys.readouterr().out)
    assert (record["counts"]["frames"], record["details"]["files"]["painted.mp4"]["kept_frames"]) == (
        FRAMES,
        len(coded),
    )
    assert [content for _, content in tracks(files / "painted.mp4", "video")[0]][: len(coded)] == coded
    assert video_times(files / "painted.mp4") == video_times(files / "clip.mp4")
    assert tracks(files / "painted.mp4", "audio") == tracks(files / "clip.mp4", "audio")
    assert not (files / ".painted.mp4.render").exists()
