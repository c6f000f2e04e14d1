"""A finished run: what it paints with or has painted, and what it cost."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from vidstyle.errors import InputError
from vidstyle.files import reading_record
from vidstyle.models.style_file import Style, load_style
from vidstyle.run_folder import RunFolder, read_log

TRAIN_AGAIN = "Give its train command with --restart, or another run."
"""What to do where a record of a run is damaged."""


@dataclass(frozen=True)
class FinishedRun:
    """A run folder with a style, a look (of `inst`), or pictures of the photos."""

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
    def manifest(self) -> dict[str, Any]:
        """What the training wrote at its end."""
        with reading_record(self.folder.manifest, TRAIN_AGAIN):
            manifest = dict(json.loads(self.folder.manifest.read_text(encoding="utf-8")))
            _ = Path(manifest["inputs"][0]), float(manifest["seconds"]), int(manifest["counts"]["steps"])
        return manifest

    @property
    def dataset(self) -> Path:
        """The folder that the run learnt from, relative to the working directory where it lies inside it."""
        path, here = Path(self.manifest["inputs"][0]).resolve(), Path.cwd()
        return path.relative_to(here) if path.is_relative_to(here) else path

    @property
    def results(self) -> Path | None:
        """The folder of pictures of a run that left neither a style nor a look."""
        return None if self.folder.style.is_file() or self.has_look else self.folder.results

    @property
    def has_look(self) -> bool:
        """Whether the run learnt a look, with which pictures are varied."""
        return self.folder.look.is_file()

    @cached_property
    def style(self) -> Style:
        """The style; raises StyleError when its file is broken."""
        return load_style(self.folder.style)

    def short_side(self, size: int | None) -> int:
        """Return the short side in pixels of the run's pictures: `size`, or that of its training where it is None.

        Pictures that a run left have the size that they have.
        """
        if self.results:
            return int(self.settings["load"])
        return size or (int(self.settings["load"]) if self.has_look else self.style.size)

    @property
    def parameters(self) -> int | None:
        """The number of the generator's parameters; None where there is no generator."""
        if self.results or self.has_look:
            return None
        return sum(weight.numel() for weight in self.style.weights.values())

    @cached_property
    def train_seconds(self) -> float:
        """How long the steps took: from the log, which a resume continues, else from the manifest."""
        seconds_per_step = _logged_seconds_per_step(self.folder.log, int(self.settings.get("batch") or 1))
        if seconds_per_step:
            return float(seconds_per_step * self.manifest["counts"]["steps"])
        return float(self.manifest["seconds"])


def open_run(path: Path) -> FinishedRun:
    """Return the finished run in the folder `path`; raises InputError when there is none or it has not ended."""
    folder = RunFolder(path)
    if not folder.settings.is_file():
        raise InputError(f"{path} is no run folder: it has no settings.json. Give a folder that train made.")
    outputs = (folder.style.is_file(), folder.look.is_file(), folder.results.is_dir())
    if not folder.manifest.is_file() or not any(outputs):
        raise InputError(f"The run {path} has not ended. Give its train command again, then evaluate it.")
    with reading_record(folder.settings, TRAIN_AGAIN):
        settings = dict(json.loads(folder.settings.read_text(encoding="utf-8")))
        _ = settings["method"], int(settings["load"] or 0), int(settings.get("batch") or 1)
    return FinishedRun(folder, settings)


def _logged_seconds_per_step(path: Path, batch: int) -> float | None:
    """Return the mean over all steps that a log's rows stand for, those before a resume too; None without rows."""
    rows = read_log(path) if path.is_file() else []
    starts = [0.0, *(row["step"] for row in rows)]
    steps = [row["step"] - start for row, start in zip(rows, starts, strict=False)]
    timed = [
        (count, row["seconds_per_step"]) for count, row in zip(steps, rows, strict=True) if "seconds_per_step" in row
    ]
    if timed:
        return sum(count * seconds for count, seconds in timed) / sum(count for count, _ in timed)
    # Logs of earlier versions hold the mean speed since the last resume: the last row covers the most steps.
    speed = rows[-1].get("images_per_second") if rows else None
    return batch / speed if speed else None
