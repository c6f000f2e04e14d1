"""Figures come as lines for people, as JSON and as CSV; what fails says so in one message and its exit code."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from tests.clips import make_clip
from vidstyle.cli.main import main
from vidstyle.errors import ExitCode
from vidstyle.media.images import write_image


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two results and their sources in the working folder, and a cache of its own."""
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    for number in (0, 1):
        picture = np.random.default_rng(number).integers(0, 256, (40, 50, 3), np.uint8)
        write_image(Path("source") / f"{number}.png", picture)
        write_image(Path("generated") / f"{number}.png", picture // 2)


def vidstyle(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    return int(caught.value.code or 0)


PAIR = ("--generated", "generated", "--source", "source", "--device", "cpu", "-q")


def test_each_figure_is_a_line_with_all_it_rests_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert vidstyle("evaluate", *PAIR, "--metrics", "psnr,ssim") == ExitCode.OK
    heads, *lines = capsys.readouterr().out.splitlines()
    assert heads.split() == ["metric", "value", "source", "measured", "on"]
    assert [line.split()[0] for line in lines] == ["psnr", "ssim"]
    assert all(line.endswith("  n: 2 pairs; 50x40; resized: none; fp64") for line in lines)


def test_json_and_csv_hold_the_same_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    assert vidstyle("evaluate", *PAIR, "--metrics", "psnr,ssim", "--json") == ExitCode.OK
    record = json.loads(capsys.readouterr().out)
    assert vidstyle("evaluate", *PAIR, "--metrics", "psnr,ssim", "--csv") == ExitCode.OK
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [float(row["value"]) for row in rows] == [one["value"] for one in record["details"]["figures"]]
    assert rows[0]["counts"] == "pairs 2"


def test_equal_pictures_are_still_valid_json(capsys: pytest.CaptureFixture[str]) -> None:
    same = ("--generated", "source", "--source", "source", "--metrics", "psnr", "--device", "cpu", "-q")
    assert vidstyle("evaluate", *same, "--json") == ExitCode.OK

    def refuse(text: str) -> float:
        pytest.fail(f"{text} is no JSON")

    record = json.loads(capsys.readouterr().out, parse_constant=refuse)
    assert record["details"]["figures"][0]["value"] == "inf"
    assert vidstyle("evaluate", *same) == ExitCode.OK
    assert capsys.readouterr().out.splitlines()[1].split()[:2] == ["psnr", "inf"]


def test_what_could_not_be_measured_is_a_dash_and_no_number(capsys: pytest.CaptureFixture[str]) -> None:
    make_clip(Path("one.mkv"), size=(64, 48), frames=1)
    shown = []
    for form in (), ("--json",), ("--csv",):
        assert vidstyle("evaluate", "one.mkv", "--source", "one.mkv", "-q", *form) == ExitCode.OK
        shown.append(capsys.readouterr().out)
    lines = {line.split()[0]: line.split()[1:3] for line in shown[0].splitlines()}
    assert lines["warping-error"] == lines["flicker"] == ["-", "-"]
    assert lines["frames"] == ["1", "1"]
    assert [one["value"] for one in json.loads(shown[1])["details"]["figures"]][:2] == [None, None]
    assert [one["value"] for one in csv.DictReader(io.StringIO(shown[2]))][:2] == ["", ""]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (
            (),
            ExitCode.USAGE,
            "Name one thing to evaluate: a run folder, a video, or pictures with --generated FOLDER.",
        ),
        (
            ("--generated", "generated", "--source", "source", "--json", "--csv"),
            ExitCode.USAGE,
            "The figures come as JSON or as CSV. Give --json or --csv, not both.",
        ),
        (
            ("--generated", "none", "--source", "source"),
            ExitCode.INPUT,
            "Cannot list the folder none: No such file or directory. Check the path.",
        ),
        (
            ("--generated", "generated", "--target", "source", "--metrics", "fid", "--inception", "none.pth"),
            ExitCode.STYLE,
            "Cannot read the weights none.pth: No such file or directory. Check the path.",
        ),
    ],
)
def test_a_failure_is_one_message_and_its_exit_code(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: ExitCode, message: str
) -> None:
    assert vidstyle("evaluate", *arguments) == code
    assert capsys.readouterr().err == f"Error: {message}\n"


def test_compare_refuses_what_is_no_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert vidstyle("compare", "source", "--photos", "source", "--target", "generated") == ExitCode.INPUT
    message = "Error: source is no run folder: it has no settings.json. Give a folder that train made.\n"
    assert capsys.readouterr().err == message
