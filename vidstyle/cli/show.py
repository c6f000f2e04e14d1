"""The console, and the progress that the user sees while a stage works."""

import os
import shlex
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from vidstyle.errors import OutputError
from vidstyle.files import encodable
from vidstyle.progress import OnProgress, Progress

_PLAIN_SECONDS = 10.0
FILE_WIDTH = 1000
"""Columns where no terminal shows the text, so that a table's lines stay whole."""


def console(quiet: bool = False) -> Console:
    """Return the console on standard error, where everything but results goes."""
    out = Console(stderr=True, quiet=quiet, highlight=False, markup=False, emoji=False)
    if not out.is_terminal:
        out.width = FILE_WIDTH
    return out


@contextmanager
def progress_bar(quiet: bool = False) -> Iterator[OnProgress]:
    """Yield a progress callback: a bar for each phase on a terminal, a line every ten seconds elsewhere."""
    out = console(quiet)
    if not out.is_terminal:
        yield _Lines(out)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[figures]}", markup=False),
    )
    with Bar(*columns, console=out) as bar:
        yield _Bars(bar)


def _figures(progress: Progress) -> str:
    shown = {
        name: f"{value:,}" if isinstance(value, int) else f"{value:.3g}" for name, value in progress.figures.items()
    }
    return "  ".join(f"{name} {text}" for name, text in shown.items())


class _Phases:
    """Tells where a phase begins: when its count goes back, the next file or run has begun with it."""

    def __init__(self) -> None:
        self._done: dict[str, int] = {}

    def begins(self, progress: Progress) -> bool:
        """Whether the phase was not seen before, or starts again."""
        new = progress.done < self._done.get(progress.phase, progress.done + 1)
        self._done[progress.phase] = progress.done
        return new


class _Bars:
    def __init__(self, bar: Bar) -> None:
        self.bar = bar
        self.phases = _Phases()
        self.tasks: dict[str, TaskID] = {}

    def __call__(self, progress: Progress) -> None:
        if progress.note:
            print_texts(self.bar.console, "Note", [progress.note])
            return
        if self.phases.begins(progress):
            # Where a run resumes a phase, what was done before must not count as speed.
            self.tasks[progress.phase] = self.bar.add_task(
                progress.phase, total=progress.total, completed=progress.done, figures=""
            )
        self.bar.update(
            self.tasks[progress.phase], completed=progress.done, total=progress.total, figures=_figures(progress)
        )


class _Lines:
    def __init__(self, out: Console) -> None:
        self.out = out
        self.last = 0.0
        self.phases = _Phases()
        self.begun: dict[str, tuple[float, int]] = {}

    def __call__(self, progress: Progress) -> None:
        if progress.note:
            print_texts(self.out, "Note", [progress.note])
            return
        now = time.monotonic()
        if self.phases.begins(progress):
            self.begun[progress.phase] = now, progress.done
        if now - self.last < _PLAIN_SECONDS and progress.done != progress.total:
            return
        self.last = now
        total = "" if progress.total is None else f" of {progress.total:,}"
        self.out.print(
            f"{progress.phase}: {progress.done:,}{total} {progress.unit}  {_figures(progress)}{self._left(progress, now)}",
            soft_wrap=True,
        )

    def _left(self, progress: Progress, now: float) -> str:
        """Return the time left by the mean speed so far, an empty text where it is unknown."""
        began, before = self.begun[progress.phase]
        if progress.total is None or progress.done in (before, progress.total):
            return ""
        seconds = round((now - began) / (progress.done - before) * (progress.total - progress.done))
        return f"  {seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d} left"


def print_texts(out: Console, label: str, texts: Iterable[str]) -> None:
    """Print each text on a line of its own after a label such as `Warning`."""
    for text in texts:
        out.print(f"{label}: {text}", soft_wrap=True)


@contextmanager
def standard_output() -> Iterator[Console]:
    """Yield the console on standard output, for results; raises OutputError where that cannot be written to the end."""
    try:
        yield Console(highlight=False, markup=False, emoji=False)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        _abandon_standard_output()
        raise OutputError(f"Cannot write to standard output: {error.strerror}. Check where it leads.") from error


def print_result(text: str) -> None:
    """Print a result on standard output as it is, with a line break after it; raises OutputError."""
    with standard_output():
        click.echo(encodable(text))


def _abandon_standard_output() -> None:
    """Lead standard output nowhere, so that what is left in its buffer does not fail again at the end of the process."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def spelled(path: Path | str) -> str:
    """Return a path as a command takes it, in quotes where it has spaces or signs with a meaning for the shell."""
    return shlex.quote(str(path))
