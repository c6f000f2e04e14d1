"""The command line is quick to help, exact about mistakes, and shows no traceback for them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from vidstyle import __version__
from vidstyle.cli.main import COMMANDS, main
from vidstyle.errors import ExitCode


def _run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    return int(caught.value.code or 0)


HEAVY = {"torch", "numpy", "av", "cv2", "PIL", "safetensors"}


def _help(*command: str) -> tuple[str, set[str]]:
    """Return what `python -m vidstyle COMMAND --help` prints, and the packages that the process imported."""
    call = [sys.executable, "-X", "importtime", "-m", "vidstyle", *command, "--help"]
    done = subprocess.run(call, capture_output=True, text=True, check=True)
    names = [line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")]
    return done.stdout, {name.partition(".")[0] for name in names}


def test_help_comes_at_once() -> None:
    call = [sys.executable, "-m", "vidstyle", "--help"]
    seconds, processor_seconds = [], []
    for _ in range(3):
        before = os.times()
        subprocess.run(call, capture_output=True, check=True)
        after = os.times()
        seconds.append(after.elapsed - before.elapsed)
        processor_seconds.append(sum(after[2:4]) - sum(before[2:4]))
    assert min(seconds) < 0.5
    assert min(processor_seconds) < 0.3


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS)], ids=lambda command: "".join(command) or "-")
def test_every_command_explains_itself_without_heavy_libraries(command: tuple[str, ...]) -> None:
    text, packages = _help(*command)
    assert text.startswith(f"Usage: {' '.join(['vidstyle', *command])} ")
    assert "vidstyle" in packages and not packages & HEAVY


def test_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("--version") == ExitCode.OK
    assert capsys.readouterr().out == f"vidstyle, version {__version__}\n"


def test_an_unknown_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("paint") == ExitCode.USAGE
    assert "No such command 'paint'" in capsys.readouterr().err


def test_a_wrong_value_names_the_option_and_what_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("train", "--channels", "0") == ExitCode.USAGE
    assert "Invalid value for '--channels': channels cannot be 0: it takes N, at least 1." in capsys.readouterr().err


def test_failures_print_one_line_and_their_own_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("train", str(tmp_path / "nothing")) == ExitCode.INPUT
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"Error: There is no folder {tmp_path}/nothing/trainA.")


def test_a_recipe_sits_between_defaults_and_flags(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = tmp_path / "r.toml"
    recipe.write_text("[train]\ncrop = 64\nload = 48\n")
    assert _run("train", "--recipe", str(recipe)) == ExitCode.USAGE
    assert capsys.readouterr().err == "Error: crop 64 is larger than load 48. Choose a crop of at most 48.\n"
    assert _run("train", str(tmp_path / "nothing"), "--recipe", str(recipe), "--load", "64") == ExitCode.INPUT


def test_an_option_that_may_be_repeated_takes_all_that_is_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "trainA").mkdir()
    Image.linear_gradient("L").save(tmp_path / "trainA" / "0.png")
    assert _run("train", str(tmp_path), "--paintings", str(tmp_path / "trainA"), "--paintings", "b") == ExitCode.INPUT
    assert "There is no folder b. Make it with `vidstyle extract EPISODE -o b`" in capsys.readouterr().err
