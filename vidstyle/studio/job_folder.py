"""The folder of one job: the paths of its files, and how they are read."""

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidstyle.files import DAMAGE, write_json


@dataclass(frozen=True)
class JobFolder:
    """Paths inside the folder of a job."""

    path: Path

    @property
    def job(self) -> Path:
        """What is to be done."""
        return self.path / "job.json"

    @property
    def progress(self) -> Path:
        """How far it is."""
        return self.path / "progress.json"

    @property
    def result(self) -> Path:
        """What became of it; absent while it waits or works."""
        return self.path / "result.json"

    @property
    def stop(self) -> Path:
        """A mark that it is to stop."""
        return self.path / "stop"

    @property
    def lock(self) -> Path:
        """The file whose lock the process of the job holds."""
        return self.path / "lock"

    @property
    def process(self) -> Path:
        """The number of the process that holds the lock."""
        return self.path / "process.json"

    @property
    def output(self) -> Path:
        """What the process printed."""
        return self.path / "output.log"

    def read(self) -> dict[str, Any]:
        """Return what is to be done; raises what a damaged file leads to."""
        content: dict[str, Any] = json.loads(self.job.read_text(encoding="utf-8"))
        return content

    def write_process(self) -> None:
        """Write down the number of this process; raises OutputError."""
        write_json(self.process, os.getpid())


def read_or(path: Path, absent: Any) -> Any:
    """Return what a JSON file holds, or `absent` where it is not there or damaged."""
    with suppress(OSError, *DAMAGE):
        return json.loads(path.read_text(encoding="utf-8"))
    return absent
