"""A call of the file system that fails once costs one command: it says why, and the same command gives the same result."""

import csv
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.clips import make_clip
from tests.drawings import drawing
from tests.failing_file_system import ERRORS, failing
from tests.styles import make_style
from vidstyle.cli.main import main
from vidstyle.errors import ExitCode
from vidstyle.media.images import write_image
from vidstyle.models.style_file import load_style
from vidstyle.networks.patch_features import PatchEmbeddings

CALLS = {
    "render": ["open", "write", "fsync", "rename", "flock", "statvfs"],
    "extract": ["open", "write", "fsync", "rename", "flock"],
    "train": ["open", "write", "fsync", "rename", "flock"],
}
PLACES = {"render": ("first", "middle", "last"), "extract": ("first", "middle", "last"), "train": ("middle",)}
CASES = [
    (stage, call, place)
    for stage, calls in CALLS.items()
    for call in calls
    for place in (PLACES[stage] if call != "statvfs" else ("first",))
    if (call, place) != ("flock", "middle") or stage == "train"
]
"""Which call of a command fails. A training is slow, so that the first and the last of its calls are left out."""
OUTPUTS = (".mp4", ".png", ".safetensors")
"""What the stages are called for; besides they write records, logs and pages."""


@dataclass
class Commands:
    """Small commands for sources in a folder, with what each calls and leaves when nothing fails."""

    sources: Path
    calls: dict[str, Counter[str]] = field(default_factory=dict)
    left: dict[str, dict[str, Any]] = field(default_factory=dict)

    def number(self, stage: str, call: str, place: str) -> int:
        """Return which of the calls of a command is its first, its middle or its last one."""
        count = self.calls[stage][call]
        return {"first": 1, "middle": (count + 1) // 2, "last": count}[place]

    def of(self, stage: str, target: Path) -> list[str]:
        """Return the arguments of a command that writes into a folder."""
        if stage == "render":
            style = ["--style", f"{self.sources}/style.safetensors", "--size", "16", "--finish", "none"]
            paths = [f"{self.sources}/film.mp4", "-o", f"{target}/film.mp4"]
            return [stage, *paths, *style, "--device", "cpu", "--precision", "fp32", "--segment", "2"]
        if stage == "extract":
            return [stage, f"{self.sources}/film.mp4", "-o", f"{target}/frames"]
        network = {"channels": 4, "discriminator-channels": 4, "blocks": 5, "crop": 32, "load": 40, "patches": 8}
        steps = {"steps": 2, "save-every": 1, "log-every": 1, "sample-every": 9, "device": "cpu", "precision": "fp32"}
        options = [f"--{name}={value}" for name, value in (network | steps).items()]
        return [stage, f"{self.sources}/dataset", "--runs", f"{target}/runs", "--name", "run", *options]


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    """Commands on a film of two shots, a style and two pictures a side, each of which has run once."""
    commands = Commands(tmp_path_factory.mktemp("sources"))
    shots = [drawing(seed, (64, 48)) for seed in (1, 2)]
    make_style(commands.sources / "style.safetensors")
    make_clip(commands.sources / "film.mp4", frames=4, pictures=lambda index: shots[index // 2])
    for number in range(4):
        picture = np.random.default_rng(number).integers(0, 255, (40, 40, 3), dtype=np.uint8)
        write_image(commands.sources / "dataset" / ("trainA", "trainB")[number % 2] / f"{number}.png", picture)
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(PatchEmbeddings.__init__.__kwdefaults__, "width", 32)  # which are 3 million weights else
        for stage in ("render", "extract", "train"):
            target = tmp_path_factory.mktemp(stage)
            _run(commands.of(stage, target))  # makes the caches
            again = tmp_path_factory.mktemp(stage)
            with failing(again) as file_system:
                assert _run(commands.of(stage, again)) == ExitCode.OK
            commands.calls[stage], commands.left[stage] = file_system.calls, _visible(again)
        yield commands


def _run(arguments: list[str], *more: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main([*arguments, *(more or ("--quiet",))])
    return int(caught.value.code or 0)


def _visible(folder: Path) -> dict[str, Any]:
    """Return what the files in a folder hold, by name; a file that is half written cannot be read, or holds less."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not _hidden(path.relative_to(folder))]
    return {str(path.relative_to(folder)): _content(path) for path in files}


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _content(path: Path) -> Any:
    """Return what a file holds, without times that differ from run to run."""
    if path.suffix == ".json":
        content = json.loads(path.read_text())
        return sorted(content) if isinstance(content, dict) else len(content)
    if path.suffix == ".html":
        return path.read_text().rstrip().endswith("</html>")
    if path.suffix == ".csv":
        return [row["step"] for row in csv.DictReader(path.read_text().splitlines())]
    if path.suffix == ".pt":
        return torch.load(path, weights_only=True)["step"]
    if path.suffix == ".safetensors":
        return {name: weight.tolist() for name, weight in load_style(path).weights.items()}
    return path.read_bytes()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are told by their number here")
@pytest.mark.parametrize(("stage", "call", "place"), CASES)
def test_a_call_that_fails_once_is_told_of_and_the_same_command_gives_the_same_result(
    commands: Commands, tmp_path: Path, capsys: pytest.CaptureFixture[str], stage: str, call: str, place: str
) -> None:
    wanted, number = commands.left[stage], commands.number(stage, call, place)
    with failing(tmp_path, call, number) as file_system:
        code = _run(commands.of(stage, tmp_path))
    assert file_system.calls[call] >= number > 0
    half_way = _visible(tmp_path)
    assert all(wanted[name] == content for name, content in half_way.items() if name.endswith(OUTPUTS))
    said = capsys.readouterr().err
    if code:
        assert code in (ExitCode.OUTPUT, ExitCode.INPUT)
        assert said.startswith("Error: ") and said.count("\n") == 1
        assert os.strerror(ERRORS[call]) in said or "is full" in said
        assert _run(commands.of(stage, tmp_path)) == ExitCode.OK
        assert {path.name for path in tmp_path.rglob(".*")} <= {".lock"}
    assert _visible(tmp_path) == wanted


def test_a_disk_that_fails_while_painting_costs_no_finished_frame_and_the_error_says_so(
    commands: Commands, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with failing(tmp_path, "fsync", commands.number("render", "fsync", "middle")):
        assert _run(commands.of("render", tmp_path)) == ExitCode.OUTPUT
    assert " painted frames are kept for the next run." in capsys.readouterr().err


EARLIER_WORK = {
    "render": ("write", "middle", ".film.mp4.render/journal.jsonl"),
    "extract": ("rename", "last", "frames/.candidates/film.json"),
    "train": ("rename", "last", "runs/run/checkpoint.pt"),
}
"""How a command is broken off, and the file without which what it did before is lost."""


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are told by their number here")
@pytest.mark.parametrize("stage", EARLIER_WORK)
def test_a_disk_that_cannot_be_read_for_a_moment_costs_nothing_that_was_done_before(
    commands: Commands, tmp_path: Path, capsys: pytest.CaptureFixture[str], stage: str
) -> None:
    call, place, work = EARLIER_WORK[stage]
    with failing(tmp_path / "first", call, commands.number(stage, call, place)):
        assert _run(commands.of(stage, tmp_path / "first")) == ExitCode.OUTPUT
    done = (tmp_path / "first" / work).read_bytes()
    for number in range(1, 10):
        target = tmp_path / str(number)
        shutil.copytree(tmp_path / "first", target)
        capsys.readouterr()
        with failing(target, "open", number):
            code = _run(commands.of(stage, target), *(["--json"] if stage == "render" else []))
        said, record = capsys.readouterr()[::-1]
        assert "Traceback" not in said and "Remove it" not in said and "--restart" not in said
        assert code == ExitCode.OK or (target / work).read_bytes().startswith(done), said
        assert code or stage != "render" or '"kept_frames": 2' in record
