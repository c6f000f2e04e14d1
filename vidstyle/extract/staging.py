"""The hidden folder in which a run stores candidates until it knows which are kept; it outlives a run that is killed."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from shutil import rmtree
from typing import Any

from vidstyle.analysis.near_duplicates import Signature
from vidstyle.extract.candidate import Candidate
from vidstyle.extract.manifest import frame_settings
from vidstyle.extract.settings import ExtractSettings
from vidstyle.extract.sources import Source
from vidstyle.files import DAMAGE, as_output_error, claimed, write_json
from vidstyle.media.lossless import LOSSLESS_SUFFIX, read_lossless
from vidstyle.progress import OnProgress, note

FOLDER, LOCK = ".candidates", "lock"


@dataclass(frozen=True)
class Episode:
    """What reading a source gave: its entry in the manifest, still without candidates, and its candidates."""

    entry: dict[str, Any]
    candidates: list[Candidate]


class Staging:
    """The pictures of candidates, and a record of each source that was read to its end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def picture(self, name: str) -> Path:
        """Return the path of a candidate's picture."""
        return (self.folder / name).with_suffix(LOSSLESS_SUFFIX)

    def save(self, episode: Episode) -> None:
        """Record a source that was read to its end; raises OutputError."""
        candidates = [
            {key: value for key, value in vars(candidate).items() if key != "signature"}
            for candidate in episode.candidates
        ]
        write_json(self._record_path(episode.entry["name"]), {"entry": episode.entry, "candidates": candidates})

    def load(self, source: Source, settings: ExtractSettings) -> Episode | None:
        """Return what an earlier run read of the source with the same settings, None where it did not."""
        episode = _read_record(self._record_path(source.name))
        if episode is None:
            return None
        same = episode.entry["identity"] == source.identity and episode.entry["settings"] == frame_settings(settings)
        kept = [candidate for candidate in episode.candidates if candidate.kept]
        if not same or not all(self.picture(candidate.name).is_file() for candidate in kept):
            return None
        for candidate in kept:
            candidate.signature = Signature.of(read_lossless(self.picture(candidate.name)))
        return episode

    def _record_path(self, source_name: str) -> Path:
        return self.folder / f"{source_name}.json"

    def clear_unfinished(self) -> bool:
        """Remove the pictures of sources that were not read to their end; return whether anything else is left."""
        records = {path: episode for path in self.folder.glob("*.json") if (episode := _read_record(path))}
        finished = {self.picture(candidate.name) for episode in records.values() for candidate in episode.candidates}
        for path in set(self.folder.iterdir()) - finished - records.keys() - {self.folder / LOCK}:
            path.unlink()
        return bool(records)

    def remove(self) -> None:
        """Remove the folder with all that is in it."""
        rmtree(self.folder, ignore_errors=True)


def _read_record(path: Path) -> Episode | None:
    """Return what is recorded of a source, None where there is no record or it cannot be understood; raises OSError."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        entry = record["entry"]
        _ = entry["name"], entry["identity"], entry["settings"], int(entry["frames"]), list(entry["warnings"])
        return Episode(entry, [_candidate(values) for values in record["candidates"]])
    except (FileNotFoundError, *DAMAGE):
        return None


def _candidate(values: dict[str, Any]) -> Candidate:
    return Candidate(**{field.name: values[field.name] for field in fields(Candidate) if field.name != "signature"})


@contextmanager
def staging_in(target: Path, on_progress: OnProgress) -> Iterator[Staging]:
    """Yield the staging folder of a target folder, held by this process alone.

    Sources that were read to their end stay there when the block fails; after success the folder is removed. Raises
    OutputError when the folder cannot be written or another process is filling the target.
    """
    staging = Staging(target / FOLDER)
    busy = f"Another vidstyle extract is filling {target}. Wait for it, or give another folder."
    with claimed(staging.folder / LOCK, busy, lambda text: on_progress(note(text))):
        with as_output_error(f"into {target}"):
            staging.clear_unfinished()
        try:
            yield staging
        except BaseException:
            if not staging.clear_unfinished():
                staging.remove()
            raise
        staging.remove()
