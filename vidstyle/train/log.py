"""The losses of a run as a CSV file that a resume continues."""

import csv
from pathlib import Path
from typing import TextIO

import torch
from torch import Tensor

from vidstyle.run_folder import read_log


class LossLog:
    """Appends to `path` one row of mean losses for every so many steps; rows after `step` of a broken-off run are dropped."""

    def __init__(self, path: Path, losses: tuple[str, ...], every: int, step: int) -> None:
        self.path, self.losses, self.every = path, losses, every
        self._pending: list[dict[str, Tensor]] = []
        kept = [row for row in read_log(path) if row["step"] <= step] if path.is_file() else []
        self._file: TextIO = path.open("w", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow(["step", "learning_rate", "images_per_second", *losses])
        for row in kept:
            self._writer.writerow([int(row["step"]), *list(row.values())[1:]])

    def add(
        self, step: int, losses: dict[str, Tensor], learning_rate: float, images_per_second: float
    ) -> dict[str, float] | None:
        """Take the losses of a step; at the end of a stretch write and return their means."""
        self._pending.append(losses)
        if step % self.every:
            return None
        means = {name: float(torch.stack([one[name] for one in self._pending]).mean()) for name in losses}
        self._pending.clear()
        row = [step, f"{learning_rate:.3e}", f"{images_per_second:.3f}"]
        self._writer.writerow([*row, *(f"{means[name]:.6f}" if name in means else "" for name in self.losses)])
        self._file.flush()
        return means

    def close(self) -> None:
        """Close the file."""
        self._file.close()
