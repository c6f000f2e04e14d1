"""Which episodes a run reads: files, folders and patterns are resolved, and each file gets a name of its own."""

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from vidstyle.checksum import content_identity
from vidstyle.errors import InputError
from vidstyle.files import is_folder, shortened
from vidstyle.media.clip import Clip
from vidstyle.media.file_kinds.kinds import videos_of
from vidstyle.media.file_kinds.picture_formats import natural_order
from vidstyle.media.probe import probe
from vidstyle.source_paths import files_named_by

HASH_LETTERS = 6
LONGEST_NAME_BYTES = 200
"""Of the word that frames are named by. Their names add a time, a number and a suffix."""


@dataclass(frozen=True)
class Source:
    """An episode: its clip, the identity of its content, and the word its frames are named by."""

    clip: Clip
    identity: str
    name: str


def find_files(sources: Sequence[Path]) -> list[Path]:
    """Return the video files that paths, folders and patterns name, each file once; raises InputError for one without any."""
    found: dict[Path, Path] = {}
    for source in sources:
        for path in _files(source):
            found.setdefault(path.resolve(), path)
    return list(found.values())


def passed_over(sources: Sequence[Path]) -> tuple[str, ...]:
    """Return a warning for each folder among the sources that holds what is no video, with the names of it."""
    return tuple(text for source in sources if is_folder(source) for text in videos_of(source).warnings)


def _files(source: Path) -> list[Path]:
    if is_folder(source):
        if not (videos := videos_of(source).files):
            raise InputError(f"The folder {source} holds no video file. Name the files, or another folder.")
        return list(videos)
    return sorted(files_named_by(source), key=natural_order)


def open_sources(files: Iterable[Path], taken: dict[str, str]) -> list[Source]:
    """Probe the files and name them; `taken` maps names used before to the identities that used them.

    A source whose name another source has gets a short hash of its path appended. Raises InputError for unusable files.
    """
    names = dict(taken)
    sources = []
    for path in files:
        clip = probe(path)
        identity = content_identity(path)
        name = _safe_name(path.stem)
        if names.get(name, identity) != identity:
            name = f"{name}-{_hash(os.fsencode(path.resolve()))}"
        names[name] = identity
        sources.append(Source(clip, identity, name))
    return sources


def _safe_name(stem: str) -> str:
    """Return the stem with every character but letters, digits, `-` and `.` replaced by `_`."""
    safe = "".join(letter if letter.isalnum() or letter in "-." else "_" for letter in stem)
    safe = safe.strip("_.") or "source"
    if len(os.fsencode(safe)) <= LONGEST_NAME_BYTES:
        return safe
    return f"{shortened(safe, '', LONGEST_NAME_BYTES)}-{_hash(os.fsencode(stem))}"


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:HASH_LETTERS]
