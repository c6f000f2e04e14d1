"""`vidstyle extract` says what it did in one line, and its mistakes in another."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.clips import make_clip
from tests.drawings import drawing
from vidstyle.cli.main import main
from vidstyle.errors import ExitCode


def _run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    return int(caught.value.code or 0)


@pytest.fixture
def show(tmp_path: Path) -> Path:
    return make_clip(
        tmp_path / "show.mp4", size=(160, 120), frames=24, rate=12, pictures=lambda index: drawing(1 + index // 12)
    )


def test_a_run_and_its_repetition_end_with_a_summary(
    show: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "b"
    assert _run("extract", str(show), "-o", str(target)) == ExitCode.OK
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert last.startswith(f"Kept 2 of 2 candidates from 24 frames of 1 source in {target} (0 deblurred) in ")
    assert last.endswith(f" s. {target / 'report.html'} shows them.")
    assert _run("extract", str(show), "-o", str(target)) == ExitCode.OK
    assert capsys.readouterr().err.strip() == f"Nothing new: {target} holds the frames of 1 source already."


def test_a_dry_run_tells_the_plan_and_quiet_tells_nothing(
    show: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run("extract", str(show), "-o", str(tmp_path / "b"), "--every", "0.5", "--dry-run") == ExitCode.OK
    told = capsys.readouterr().err.strip()
    assert told == "Would read 24 frames of 1 source in 4 windows; 0 sources are done already."
    assert _run("extract", str(show), "-o", str(tmp_path / "b"), "-q") == ExitCode.OK
    assert capsys.readouterr() == ("", "")
    assert len(list((tmp_path / "b").glob("*.png"))) == 2


def test_where_nothing_is_kept_the_way_on_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def soft(index: int) -> np.ndarray:
        return cv2.GaussianBlur(drawing(1 + index // 12), (0, 0), 6)

    out_of_focus = make_clip(tmp_path / "soft.mp4", size=(160, 120), frames=24, rate=12, pictures=soft)
    black = make_clip(
        tmp_path / "black.mp4", size=(160, 120), frames=12, rate=12, pictures=lambda _: np.zeros_like(drawing(1))
    )
    notes = {
        out_of_focus: "Note: Nothing was kept: what is drawn there is softer than --min-sharpness 0.2."
        " Give a lower one to learn from it all the same.",
        black: "Note: Nothing was kept: all frames are blank, blended, lettering or like those that are there already.",
    }
    for clip, note in notes.items():
        assert _run("extract", str(clip), "-o", str(tmp_path / clip.stem), "--deblur", "none") == ExitCode.OK
        assert capsys.readouterr().err.strip().splitlines()[-1] == note
    lower = ("--deblur", "none", "--min-sharpness", "0.01")
    assert _run("extract", str(out_of_focus), "-o", str(tmp_path / "soft"), *lower) == ExitCode.OK
    assert list((tmp_path / "soft").glob("*.png"))
    assert "Nothing was kept" not in capsys.readouterr().err


def test_flags_go_before_the_recipe_and_the_recipe_before_defaults(tmp_path: Path) -> None:
    show = make_clip(
        tmp_path / "s.mp4", size=(160, 120), frames=24, rate=12, pictures=lambda index: drawing(1 + index // 6)
    )
    recipe = tmp_path / "recipe.toml"
    recipe.write_text('[extract]\nevery = 0.5\nformat = "jpg"\nmax_similarity = 1.0\n')
    arguments = ("extract", str(show), "-o", str(tmp_path / "b"), "--recipe", str(recipe), "--count", "3", "-q")
    assert _run(*arguments) == ExitCode.OK
    assert len(list((tmp_path / "b").glob("*.jpg"))) == 3


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("none.mp4",), ExitCode.INPUT, "Error: There is no file none.mp4. Check the path.\n"),
        (("show.mp4", "--start", "9"), ExitCode.INPUT, "gave no picture in the asked range"),
        (("show.mp4", "--every", "0"), ExitCode.USAGE, "every cannot be 0.0: it takes NUMBER, at least 0.001."),
        (("show.mp4", "--start", "3", "--end", "2"), ExitCode.USAGE, "end (2 s) must lie after start (3 s)."),
        (("show.mp4", "--deblur", "none.pth"), ExitCode.STYLE, "none.pth"),
        (
            ("show.mp4", "-o", "show.mp4"),
            ExitCode.OUTPUT,
            "show.mp4 is a file, not a folder. Give another name with -o.",
        ),
        (
            ("show.mp4", "-o", "show.mp4/b"),
            ExitCode.OUTPUT,
            "Error: Cannot write into show.mp4/b/.candidates: Not a directory. Check the path, rights and free space.\n",
        ),
        ((), ExitCode.USAGE, "Missing argument"),
    ],
)
def test_mistakes_end_in_one_message_and_their_own_exit_code(
    show: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    code: ExitCode,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert _run("extract", *arguments) == code
    told = capsys.readouterr().err
    assert message in told and "Traceback" not in told
    assert not list(tmp_path.rglob("*.png")) and not list(tmp_path.rglob("manifest.json"))
