"""A finished run: what it paints with or has painted, and what it cost."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from vidstyle.errors import InputError
from vidstyle.models.style_file import Style, load_style
from vidstyle.run_folder import RunFolder, read_log


@dataclass(frozen=True)
class FinishedRun:
    """A run folder with a style, a look, or pictures of the photos."""

    folder: RunFolder
    settings: dict[str, Any]

    @property
    def path(self) -> Path:
        """The folder."""
        return self.folder.path

    @property
    def method(self) -> str:
        """The name of the training method."""
        return str(self.settings["method"])

    @cached_property
    def record(self) -> dict[str, Any]:
        """What its training stated at its end."""
        return dict(json.loads(self.folder.manifest.read_text()))

    @property
    def dataset(self) -> Path:
        """The folder that it learnt from, whichever way it was named."""
        path, here = Path(self.record["inputs"][0]).resolve(), Path.cwd()
        return path.relative_to(here) if path.is_relative_to(here) else path

    @property
    def results(self) -> Path | None:
        """The folder of pictures of a run without a style."""
        return None if self.folder.style.is_file() or self.varies else self.folder.results

    @property
    def varies(self) -> bool:
        """Whether the run learnt a look, with which pictures are varied."""
        return self.folder.look.is_file()

    @cached_property
    def style(self) -> Style:
        """The style; raises StyleError when its file is broken."""
        return load_style(self.folder.style)

    def painted_at(self, size: int | None) -> int:
        """Return the short side in pixels of its pictures: `size` or that of its training; results are as they are."""
        if self.results:
            return int(self.settings["load"])
        return size or (int(self.settings["load"]) if self.varies else self.style.size)

    @property
    def parameters(self) -> int | None:
        """How many numbers the generator has; None where there is no generator."""
        return None if self.results or self.varies else sum(weight.numel() for weight in self.style.weights.values())

    @cached_property
    def train_seconds(self) -> float:
        """How long its steps took: from its log, which goes on over a resume, else from its manifest."""
        logged = _logged_seconds_per_step(self.folder.log, int(self.settings.get("batch") or 1))
        return float(logged * self.record["counts"]["steps"] if logged else self.record["seconds"])


def open_run(path: Path) -> FinishedRun:
    """Return the finished run in the folder `path`; raises InputError when there is none or it has not ended."""
    folder = RunFolder(path)
    if not folder.settings.is_file():
        raise InputError(f"{path} is no run folder: it has no settings.json. Give a folder that train made.")
    left = (folder.style.is_file(), folder.look.is_file(), folder.results.is_dir())
    if not folder.manifest.is_file() or not any(left):
        raise InputError(f"The run {path} has not ended. Give its train command again, then evaluate it.")
    return FinishedRun(folder, json.loads(folder.settings.read_text()))


def _logged_seconds_per_step(path: Path, batch: int) -> float | None:
    """Return the mean over all steps that the rows of a log stand for, also those before a resume; None without rows."""
    rows = read_log(path) if path.is_file() else []
    steps = [row["step"] - before for row, before in zip(rows, [0.0, *(row["step"] for row in rows)], strict=False)]
    timed = [
        (count, row["seconds_per_step"]) for count, row in zip(steps, rows, strict=True) if "seconds_per_step" in row
    ]
    if timed:
        return sum(count * seconds for count, seconds in timed) / sum(count for count, _ in timed)
    # Logs of earlier versions state the mean speed since the run was taken up: the last row knows most.
    speed = rows[-1].get("images_per_second") if rows else None
    return batch / speed if speed else None
