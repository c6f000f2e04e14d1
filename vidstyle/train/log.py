"""What a run writes down step by step: its losses as a CSV file, and the warnings that it gave. A resume continues both."""

import csv
import json
import time
from pathlib import Path
from typing import Any, TextIO

import torch
from torch import Tensor

from vidstyle.files import reading_record, whole_file, write_json
from vidstyle.progress import OnProgress, note
from vidstyle.run_folder import read_log
from vidstyle.train.distributed import average


class MeanLosses:
    """Collects the losses of `every` steps, over all processes; `seconds_per_step` is that of the steps last averaged."""

    def __init__(self, every: int) -> None:
        self.every, self.seconds_per_step = every, 0.0
        self._began = time.monotonic()
        self._pending: list[dict[str, Tensor]] = []

    def add(self, step: int, losses: dict[str, Tensor]) -> dict[str, float] | None:
        """Take the losses of a step; return the means after each `every` steps, None in between."""
        self._pending.append(losses)
        return None if step % self.every else self.rest()

    def rest(self) -> dict[str, float] | None:
        """Return the means of the steps that no mean has covered yet; None when there are none."""
        if not self._pending:
            return None
        means = {
            name: float(torch.stack([losses[name] for losses in self._pending]).mean()) for name in self._pending[0]
        }
        now = time.monotonic()
        self.seconds_per_step, self._began = (now - self._began) / len(self._pending), now
        self._pending.clear()
        return average(means)


class Log:
    """Appends `rows` of `columns` to a CSV file, the step first; rows of an earlier run after `step` are dropped."""

    def __init__(self, path: Path, columns: tuple[str, ...], step: int) -> None:
        self.columns = columns
        self.rows = [row for row in read_log(path) if row["step"] <= step] if path.is_file() else []
        with whole_file(path) as partial, partial.open("w", newline="") as file:
            csv.writer(file).writerows([["step", *columns], *map(self._values, self.rows)])
        self._file: TextIO = path.open("a", newline="")

    def write(self, step: int, values: dict[str, float]) -> None:
        """Append the values of a step; columns without a value stay empty."""
        self.rows.append({"step": step, **values})
        csv.writer(self._file).writerow(self._values(self.rows[-1]))
        self._file.flush()

    def _values(self, row: dict[str, float]) -> list[object]:
        return [int(row["step"]), *(f"{row[name]:.6g}" if name in row else "" for name in self.columns)]

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class RunWarnings:
    """The warnings of a run, kept in the file `path`; each kind is given once, however often the run is resumed.

    Those that an earlier run gave up to `step` are read from the file.
    """

    def __init__(self, path: Path, step: int, on_progress: OnProgress) -> None:
        self.path, self.on_progress = path, on_progress
        self.rows: list[dict[str, Any]] = []
        if path.is_file():
            with reading_record(path, "It holds nothing but warnings: remove it, and give the command again."):
                earlier = json.loads(path.read_text(encoding="utf-8"))
                rows = [{"step": int(row["step"]), "kind": row["kind"], "text": str(row["text"])} for row in earlier]
                self.rows = [row for row in rows if row["step"] <= step]

    def add(self, step: int, kind: str, text: str) -> None:
        """Tell the user and write it down, unless this kind of warning was given before; raises OutputError."""
        if any(row["kind"] == kind for row in self.rows):
            return
        self.rows.append({"step": step, "kind": kind, "text": text})
        write_json(self.path, self.rows)
        self.on_progress(note(text))

    @property
    def texts(self) -> tuple[str, ...]:
        """All warnings, in the order in which they were given."""
        return tuple(row["text"] for row in self.rows)
