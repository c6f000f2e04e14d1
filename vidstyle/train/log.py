"""The losses of a run as a CSV file that a resume continues."""

import csv
import json
import time
from pathlib import Path
from typing import Any, TextIO

import torch
from torch import Tensor

from vidstyle.files import whole_file, write_json
from vidstyle.progress import OnProgress, note
from vidstyle.run_folder import read_log
from vidstyle.train.distributed import average


class MeanLosses:
    """Collects the losses of `every` steps, those of all processes; `seconds_per_step` is that of the last stretch."""

    def __init__(self, every: int) -> None:
        self.every, self.seconds_per_step = every, 0.0
        self._began = time.monotonic()
        self._pending: list[dict[str, Tensor]] = []

    def add(self, step: int, losses: dict[str, Tensor]) -> dict[str, float] | None:
        """Take the losses of a step; return their means at the end of a stretch."""
        self._pending.append(losses)
        return None if step % self.every else self.rest()

    def rest(self) -> dict[str, float] | None:
        """Return the means of the steps that no stretch has ended, if there are any."""
        if not self._pending:
            return None
        means = {name: float(torch.stack([one[name] for one in self._pending]).mean()) for name in self._pending[0]}
        now = time.monotonic()
        self.seconds_per_step, self._began = (now - self._began) / len(self._pending), now
        self._pending.clear()
        return average(means)


class Log:
    """Appends `rows` of `columns` to a CSV file, the step first; those after `step` of a broken-off run are dropped."""

    def __init__(self, path: Path, columns: tuple[str, ...], step: int) -> None:
        self.columns = columns
        self.rows = [row for row in read_log(path) if row["step"] <= step] if path.is_file() else []
        with whole_file(path) as partial, partial.open("w", newline="") as file:
            csv.writer(file).writerows([["step", *columns], *map(self._values, self.rows)])
        self._file: TextIO = path.open("a", newline="")

    def write(self, step: int, values: dict[str, float]) -> None:
        """Append the values of a step; those of other columns stay empty."""
        self.rows.append({"step": step, **values})
        csv.writer(self._file).writerow(self._values(self.rows[-1]))
        self._file.flush()

    def _values(self, row: dict[str, float]) -> list[object]:
        return [int(row["step"]), *(f"{row[name]:.6g}" if name in row else "" for name in self.columns)]

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Notices:
    """The warnings of a run, in `path`; each kind is said once, however often a run is taken up again."""

    def __init__(self, path: Path, on_progress: OnProgress) -> None:
        self.path, self.on_progress = path, on_progress
        self.said: list[dict[str, Any]] = []

    def take_up(self, step: int) -> None:
        """Go on from what had been said until `step`."""
        if self.path.is_file():
            self.said = [one for one in json.loads(self.path.read_text(encoding="utf-8")) if one["step"] <= step]

    def say(self, step: int, kind: str, text: str) -> None:
        """Tell the user and keep it, unless this kind has been said; raises OutputError."""
        if any(one["kind"] == kind for one in self.said):
            return
        self.said.append({"step": step, "kind": kind, "text": text})
        write_json(self.path, self.said)
        self.on_progress(note(text))

    @property
    def texts(self) -> tuple[str, ...]:
        """All that was said, in order."""
        return tuple(one["text"] for one in self.said)
