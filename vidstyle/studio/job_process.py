"""The process of one job: it runs a stage and writes its progress and its result into the job's folder."""

import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from vidstyle import api
from vidstyle.errors import Interrupted, VidstyleError, text_of
from vidstyle.files import locked, write_json
from vidstyle.interrupt import interrupt_on_terminate
from vidstyle.progress import Progress
from vidstyle.studio.job_folder import JobFolder
from vidstyle.studio.side_by_side import side_by_side

SECONDS_BETWEEN = 0.5
"""Seconds between two writes of the progress."""
TRIES, SECONDS_TO_WAIT = 50, 0.1
"""How often the lock is asked for, which the page holds for a moment when it looks."""


class ProgressFile:
    """A progress callback that keeps the last progress, and all notes, in a file."""

    def __init__(self, path: Path) -> None:
        self.path, self.last = path, 0.0
        self.notes: list[str] = []

    def __call__(self, progress: Progress) -> None:
        """Write the progress, unless it was written a moment ago."""
        if progress.note:
            self.notes.append(progress.note)
        now = time.monotonic()
        if now - self.last < SECONDS_BETWEEN and not progress.note and progress.done != progress.total:
            return
        self.last = now
        write_json(self.path, {**asdict(replace(progress, figures=dict(progress.figures))), "notes": self.notes})


STAGES: dict[str, Callable[..., Any]] = {
    "extract": api.extract,
    "train": api.train,
    "distil": api.distil,
    "render": api.render,
    "compare": side_by_side,
}


def work(folder: JobFolder) -> None:
    """Run the job, and write what became of it."""
    job, progress = folder.read(), ProgressFile(folder.progress)
    try:
        with interrupt_on_terminate():
            result = STAGES[job["stage"]](**job["arguments"], on_progress=progress)
        untold = [text for text in result.warnings if text not in progress.notes]
        outcome = {"state": "done", "message": " ".join(untold), "result": asdict(result)}
    except (Interrupted, KeyboardInterrupt) as stop:
        outcome = {"state": "stopped", "message": str(stop)}
    except VidstyleError as error:
        outcome = {"state": "failed", "message": text_of(error)}
    except Exception as error:
        traceback.print_exc()
        outcome = {"state": "failed", "message": f"A fault of vidstyle: {error!r}. {folder.output} tells more."}
    write_json(folder.result, outcome)


def main() -> None:
    """Hold the lock of the job whose folder is the only argument, and do it."""
    folder = JobFolder(Path(sys.argv[1]))
    for _ in range(TRIES):
        with locked(folder.lock) as free:
            if free:
                folder.write_process()
                work(folder)
                return
        time.sleep(SECONDS_TO_WAIT)


if __name__ == "__main__":
    main()
