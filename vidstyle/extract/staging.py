"""The hidden folder where a run puts pictures aside until it is known which are kept; it outlives a run that is killed."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from shutil import rmtree
from typing import Any

from vidstyle.analysis.near_duplicates import Signature
from vidstyle.errors import OutputError
from vidstyle.extract.candidate import Candidate
from vidstyle.extract.manifest import frame_settings
from vidstyle.extract.settings import ExtractSettings
from vidstyle.extract.sources import Source
from vidstyle.files import locked, write_json
from vidstyle.media.lossless import SUFFIX, read_lossless

FOLDER, LOCK = ".candidates", "lock"


@dataclass(frozen=True)
class Episode:
    """What reading a source gave: its entry in the manifest, still without candidates, and these."""

    entry: dict[str, Any]
    candidates: list[Candidate]


class Staging:
    """Pictures of candidates, and a record of each source that was read to its end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def picture(self, name: str) -> Path:
        """Return where the picture of a candidate is put aside."""
        return (self.folder / name).with_suffix(SUFFIX)

    def keep(self, episode: Episode) -> None:
        """Note that a source was read to its end."""
        candidates = [{key: one for key, one in vars(each).items() if key != "look"} for each in episode.candidates]
        write_json(self._path(episode.entry["name"]), {"entry": episode.entry, "candidates": candidates})

    def kept(self, source: Source, settings: ExtractSettings) -> Episode | None:
        """Return what an earlier run read of the source with the same settings, None where it did not."""
        found = _record(self._path(source.name))
        if found is None:
            return None
        same = found.entry["identity"] == source.identity and found.entry["settings"] == frame_settings(settings)
        looked_at = [one for one in found.candidates if one.kept]
        if not same or not all(self.picture(one.name).is_file() for one in looked_at):
            return None
        for one in looked_at:
            one.look = Signature.of(read_lossless(self.picture(one.name)))
        return found

    def _path(self, source_name: str) -> Path:
        return self.folder / f"{source_name}.json"

    def clear_unfinished(self) -> bool:
        """Remove the pictures of sources that were not read to their end; return whether anything else is left."""
        records = {path: record for path in self.folder.glob("*.json") if (record := _record(path))}
        finished = {self.picture(one.name) for record in records.values() for one in record.candidates}
        for path in set(self.folder.iterdir()) - finished - records.keys() - {self.folder / LOCK}:
            path.unlink()
        return bool(records)

    def remove(self) -> None:
        """Remove the folder with all that is in it."""
        rmtree(self.folder, ignore_errors=True)


def _record(path: Path) -> Episode | None:
    """Return what is noted of a source, None where nothing that can be understood is."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return Episode(found["entry"], [_candidate(one) for one in found["candidates"]])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _candidate(values: dict[str, Any]) -> Candidate:
    return Candidate(**{field.name: values[field.name] for field in fields(Candidate) if field.name != "look"})


@contextmanager
def staging_in(target: Path) -> Iterator[Staging]:
    """Yield the staging of a target folder, held by this process alone; what was read to its end outlives a failure.

    Raises OutputError when the folder cannot be written or another process is filling it.
    """
    staging = _made(Staging(target / FOLDER))
    try:
        with locked(staging.folder / LOCK) as free:
            if not free:
                raise OutputError(f"Another vidstyle extract is filling {target}. Wait for it, or give another folder.")
            with _cleared(staging):
                yield staging
    except PermissionError as error:
        raise OutputError(f"Cannot write into {target}: {error.strerror}. Check its rights.") from error


def _made(staging: Staging) -> Staging:
    try:
        staging.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        target = staging.folder.parent
        raise OutputError(f"Cannot make the folder {target}: {error.strerror}. Give another with -o.") from error
    return staging


@contextmanager
def _cleared(staging: Staging) -> Iterator[None]:
    staging.clear_unfinished()
    try:
        yield
    except BaseException:
        if not staging.clear_unfinished():
            staging.remove()
        raise
    staging.remove()
