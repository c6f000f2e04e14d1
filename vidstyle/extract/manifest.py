"""The record in the target folder: every source that was read, and for every candidate whether it was kept, or why not."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from vidstyle.extract.settings import NOT_ABOUT_FRAMES, ExtractSettings
from vidstyle.extract.sources import Source
from vidstyle.files import reading_record, write_json

FILE_NAME = "manifest.json"


class Manifest:
    """The entries of all sources whose frames are in a folder, from earlier runs and this one."""

    def __init__(self, folder: Path, sources: list[dict[str, Any]] | None = None) -> None:
        self.path = folder / FILE_NAME
        self.sources = sources or []

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Return the folder's manifest, empty where there is none; raises InputError when it cannot be understood."""
        path = folder / FILE_NAME
        with reading_record(path, "Remove it, or give another folder.", "is not a manifest of extract"):
            try:
                text = path.read_text(encoding="utf-8")
            except (FileNotFoundError, NotADirectoryError):
                return cls(folder)
            sources = list(json.loads(text)["sources"])
            for entry in sources:
                _ = entry["name"], entry["identity"], entry["settings"], int(entry["frames"])
                _ = [(candidate["name"], candidate["kept"], candidate["reason"]) for candidate in entry["candidates"]]
            return cls(folder, sources)

    def holds(self, source: Source, settings: ExtractSettings) -> bool:
        """Whether the source was read before with the same settings."""
        asked = frame_settings(settings)
        return any(entry["identity"] == source.identity and entry["settings"] == asked for entry in self.sources)

    def names(self) -> dict[str, str]:
        """Return the identity of each source by the name its frames carry."""
        return {entry["name"]: entry["identity"] for entry in self.sources}

    def kept_files(self) -> list[str]:
        """Return the names of all frames that were kept."""
        return [candidate["name"] for entry in self.sources for candidate in entry["candidates"] if candidate["kept"]]

    def add(self, entries: Iterable[dict[str, Any]]) -> None:
        """Add the entries of newly read sources."""
        self.sources += entries

    def write(self, settings: ExtractSettings) -> None:
        """Write the manifest, whole or not at all."""
        kept = len(self.kept_files())
        candidates = sum(len(entry["candidates"]) for entry in self.sources)
        counts = {"sources": len(self.sources), "candidates": candidates, "kept": kept}
        write_json(
            self.path, {"stage": "extract", "settings": settings.record(), "counts": counts, "sources": self.sources}
        )


def frame_settings(settings: ExtractSettings) -> dict[str, Any]:
    """Return the settings that decide which frames a source gives."""
    return {key: value for key, value in settings.record().items() if key not in NOT_ABOUT_FRAMES}
