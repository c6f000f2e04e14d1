"""What the user sees while a stage works, and at its end."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from vidstyle.progress import OnProgress, Progress

_PLAIN_SECONDS = 10.0
FILE_WIDTH = 1000
"""Columns where no terminal shows the text, so that a table's lines stay whole."""


def console(quiet: bool = False) -> Console:
    """Return the console on standard error, where everything but results goes."""
    out = Console(stderr=True, quiet=quiet, highlight=False)
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
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[figures]}"),
    )
    with Bar(*columns, console=out) as bar:
        yield _Bars(bar)


def _figures(progress: Progress) -> str:
    return "  ".join(f"{name} {value:.3g}" for name, value in progress.figures.items())


class _Bars:
    def __init__(self, bar: Bar) -> None:
        self.bar = bar
        self.tasks: dict[str, TaskID] = {}

    def __call__(self, progress: Progress) -> None:
        if progress.message:
            self.bar.console.print(progress.message, soft_wrap=True, markup=False)
        if progress.phase not in self.tasks:
            self.tasks[progress.phase] = self.bar.add_task(progress.phase, total=progress.total, figures="")
        self.bar.update(
            self.tasks[progress.phase], completed=progress.done, total=progress.total, figures=_figures(progress)
        )


class _Lines:
    def __init__(self, out: Console) -> None:
        self.out = out
        self.last = 0.0

    def __call__(self, progress: Progress) -> None:
        if progress.message:
            self.out.print(progress.message, soft_wrap=True, markup=False)
        now = time.monotonic()
        if now - self.last < _PLAIN_SECONDS and progress.done != progress.total:
            return
        self.last = now
        total = "" if progress.total is None else f" of {progress.total:,}"
        self.out.print(
            f"{progress.phase}: {progress.done:,}{total} {progress.unit}  {_figures(progress)}", soft_wrap=True
        )
