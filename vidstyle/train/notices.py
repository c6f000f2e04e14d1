"""What the user is warned of in the course of a run: each said once, and kept with its step beside the log."""

import json
from pathlib import Path
from typing import Any

from vidstyle.atomic import write_json
from vidstyle.progress import OnProgress, note


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
