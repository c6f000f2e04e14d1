"""What is printed while a stage works, where there is no terminal for a bar."""

import pytest

from vidstyle.cli import show
from vidstyle.progress import Progress, note


def test_lines_hold_figures_and_the_time_left_by_the_speed_since_the_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter([100.0, 200.0, 300.0])
    monkeypatch.setattr(show.time, "monotonic", lambda: next(clock))
    with show.progress_bar() as on_progress:
        on_progress(Progress("training", 5000, 10_000, "steps", {"NCE": 1.5}))
        on_progress(Progress("training", 5010, 10_000, "steps", {"NCE": 1.25, "images/s": 0.1}))
        on_progress(Progress("training", 10_000, 10_000, "steps"))
    assert capsys.readouterr().err.splitlines() == [
        "training: 5,000 of 10,000 steps  NCE 1.5",
        "training: 5,010 of 10,000 steps  NCE 1.25  images/s 0.1  13:51:40 left",
        "training: 10,000 of 10,000 steps  ",
    ]


def test_a_note_is_shown_at_once_as_a_note(capsys: pytest.CaptureFixture[str]) -> None:
    with show.progress_bar() as on_progress:
        on_progress(note("[bold] the losses look wrong"))
        on_progress(note("and again"))
    assert capsys.readouterr().err.splitlines() == ["Note: [bold] the losses look wrong", "Note: and again"]


def test_a_phase_that_starts_again_is_timed_anew(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter([0.0, 100.0, 200.0, 220.0])
    monkeypatch.setattr(show.time, "monotonic", lambda: next(clock))
    with show.progress_bar() as on_progress:
        for done in (0, 100, 0, 50):
            on_progress(Progress("training", done, 100, "steps"))
    assert capsys.readouterr().err.splitlines()[-1] == "training: 50 of 100 steps    0:00:20 left"
