"""The commands work wherever people run them: awkward names and terminals, pipes, places without rights."""

import json
import os
import shutil
import socket
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.clips import make_clip
from tests.styles import make_style
from vidstyle.cli.main import main
from vidstyle.errors import ExitCode, InputError
from vidstyle.media.images import write_image
from vidstyle.render.jobs import plan_jobs
from vidstyle.render.work_folder import RenderFolder
from vidstyle.source_paths import files_named_by, refuse_special

NOT_UTF8 = "Fu\udcdfball"
QUICK = ("--size", "16", "--upscaler", "none", "--flicker", "off", "--device", "cpu", "--backend", "eager")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short video."""
    path = tmp_path_factory.mktemp("clip") / "film.mp4"
    make_clip(path, size=(32, 32), frames=3, rate=Fraction(12))
    return path


@pytest.fixture(scope="module")
def style(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small style."""
    return make_style(tmp_path_factory.mktemp("style") / "style.safetensors")


def _run(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    return int(caught.value.code or 0)


@pytest.mark.parametrize(
    "name", [f"{NOT_UTF8}.mp4", "映" * 82 + ".mp4", "e" * 252 + ".ts", f"{NOT_UTF8}/[v2] :x:.mp4", "Vol. 2.mp4"]
)
def test_a_video_with_an_awkward_name_is_rendered_and_its_record_told(
    clip: Path, style: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    source = tmp_path / name
    source.parent.mkdir(exist_ok=True)
    shutil.copy(clip, source)
    assert _run("render", source, "-o", tmp_path / "out", "--style", style, "--json", *QUICK) == ExitCode.OK
    told = capsys.readouterr()
    (result,) = (tmp_path / "out").iterdir()
    assert result.stem[:50] == source.stem[:50]
    assert json.loads(told.out)["outputs"] == [str(result)]
    assert source.name[:50] in told.err or "\\udcdf" in told.err or "udcdf" in ascii(told.err)


def test_frames_of_a_video_with_an_awkward_name_are_extracted(clip: Path, tmp_path: Path) -> None:
    found = set()
    for number, name in enumerate((f"{NOT_UTF8}.mp4", "映" * 83 + ".mp4", "映" * 83 + "2.mp4")):
        (tmp_path / name).write_bytes(clip.read_bytes() + b"\0\0\0\x08free" * number)
        target = tmp_path / f"frames {number} {NOT_UTF8}"
        chosen = ("--deblur", "none", "--max-similarity", "1", "--min-sharpness", "0")
        assert _run("extract", tmp_path / name, "-o", target, *chosen) == ExitCode.OK
        found |= {path.name for path in target.glob("*.png")}
        assert json.loads((target / "manifest.json").read_text(encoding="utf-8"))["counts"]["kept"] == 1
        assert (target / "report.html").is_file()
    assert len(found) == 3, "names that differ at their end alone lead to frames of different names"


def test_a_picture_with_the_longest_name_is_painted(style: Path, tmp_path: Path) -> None:
    source = tmp_path / ("映" * 83 + ".png")
    write_image(source, np.full((32, 32, 3), 80, np.uint8))
    assert _run("render", source, "-o", tmp_path / "out", "--style", style, *QUICK) == ExitCode.OK
    assert [path.name for path in (tmp_path / "out").iterdir()] == [source.name]


def test_an_unfinished_render_of_version_0_1_0_with_a_long_name_is_found(tmp_path: Path) -> None:
    target = tmp_path / ("y" * 200 + ".mp4")
    short = RenderFolder(target, ".mp4").path
    assert len(short.name) < 50
    old = tmp_path / f".{target.name}.render"
    old.mkdir()
    assert RenderFolder(target, ".mp4").path == old


def test_a_name_that_no_file_can_have_is_one_error(
    clip: Path, style: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments in (
        ("render", clip, "-o", tmp_path / f"{'x' * 300}.mp4", "--style", style),
        ("render", clip, "-o", tmp_path / "o.mp4", "--style", "x" * 300),
        ("render", tmp_path / ("x" * 300), "-o", tmp_path / "o.mp4", "--style", style),
        ("export", "default", "--to", "torchscript", "-o", tmp_path / f"{'x' * 300}.pt"),
        ("import", tmp_path / f"{'x' * 300}.pth", "-o", tmp_path / "s"),
        ("extract", tmp_path / ("x" * 300), "-o", tmp_path / "frames"),
        ("extract", clip, "-o", tmp_path / ("x" * 300)),
        ("train", tmp_path / ("x" * 300)),
    ):
        assert _run(*arguments) in (ExitCode.INPUT, ExitCode.OUTPUT, ExitCode.STYLE)
        assert capsys.readouterr().err.startswith("Error: ")


def test_what_is_no_file_is_refused_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe.mp4")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket.mp4")
        for name, kind in (("pipe.mp4", "a pipe"), ("socket.mp4", "a socket"), ("/dev/zero", "a device")):
            with pytest.raises(InputError, match=f"^{name} is {kind}, and a file is read more than once"):
                refuse_special(Path(name))
    with pytest.raises(InputError, match=r"^https://example\.com/a\.mp4 is an address on a network\. Download it"):
        refuse_special(Path("https://example.com/a.mp4"))
    with pytest.raises(InputError, match=r"^Standard input \(-\) cannot be read"):
        refuse_special(Path("-"))


@pytest.mark.parametrize("command", ["render", "extract", "evaluate"])
def test_a_pipe_does_not_make_a_command_wait(tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    pipe = tmp_path / "pipe.mp4"
    os.mkfifo(pipe)
    more = ("--source", pipe) if command == "evaluate" else ("-o", tmp_path / "out")
    assert _run(command, pipe, *more) == ExitCode.INPUT
    assert f"Error: {pipe} is a pipe" in capsys.readouterr().err


def test_quoted_patterns_name_files_and_names_with_their_signs_are_names(tmp_path: Path) -> None:
    for name in ("a.mp4", "b [v2].mp4", "c.png"):
        (tmp_path / name).touch()
    (tmp_path / "folder.mp4").mkdir()
    jobs = plan_jobs([tmp_path / "*.mp4"], tmp_path / "out.mp4")
    assert [job.source.name for job in jobs] == ["a.mp4", "b [v2].mp4"]
    assert files_named_by(tmp_path / "b [v2].mp4") == [tmp_path / "b [v2].mp4"]
    for pattern in ("*.avi", "[", "**x*"):
        with pytest.raises(InputError, match="Check"):
            files_named_by(tmp_path / pattern)


@pytest.mark.parametrize("target", ["Vol. 2/", "Vol. 2/v1.0/", "out"])
def test_a_target_with_a_slash_at_its_end_is_a_folder(tmp_path: Path, target: str) -> None:
    (job,) = plan_jobs([Path("film.mp4")], f"{tmp_path}/{target}")
    assert job.target == tmp_path / target / "film.mp4"
    (job,) = plan_jobs([Path("film.mp4")], tmp_path / "Vol. 2.mp4")
    assert job.target == tmp_path / "Vol. 2.mp4"


def test_square_brackets_and_colons_in_names_are_shown_and_commands_can_be_pasted(
    tmp_path: Path, style: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "net [v2] :x:.pt"
    assert _run("export", style, "--to", "torchscript", "-o", target) == ExitCode.OK
    assert capsys.readouterr().err == f"The generator is in {target}.\n"


def _in_a_process(arguments: list[str], **environment: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "vidstyle", *arguments]
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, timeout=300, check=False)


def test_a_terminal_without_unicode_shows_the_styles() -> None:
    done = _in_a_process(["styles"], PYTHONIOENCODING="ascii", COLUMNS="60")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"default" in done.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_results_that_cannot_be_printed_are_one_error() -> None:
    command = [sys.executable, "-m", "vidstyle", "styles"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, timeout=300, check=False)
    assert done.returncode == ExitCode.OUTPUT
    assert done.stderr == (b"Error: Cannot write to standard output: No space left on device. Check where it leads.\n")
