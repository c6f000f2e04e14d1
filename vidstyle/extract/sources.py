"""Which episodes a run works on: files, folders and patterns, each told from the others."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from vidstyle.checksum import content_identity
from vidstyle.errors import InputError
from vidstyle.media.clip import Clip
from vidstyle.media.images import natural_order
from vidstyle.media.probe import VIDEO_SUFFIXES, probe

HASH_LETTERS = 6


@dataclass(frozen=True)
class Source:
    """An episode: its clip, the identity of its content, and the word its frames are named by."""

    clip: Clip
    identity: str
    name: str


def find_files(sources: Sequence[Path]) -> list[Path]:
    """Return the video files that paths, folders and patterns name, each once; raises InputError when one names none."""
    found: dict[Path, Path] = {}
    for source in sources:
        for path in _files(source):
            found.setdefault(path.resolve(), path)
    return list(found.values())


def _files(source: Path) -> list[Path]:
    if source.is_dir():
        inside = [one for one in source.iterdir() if one.suffix.lower() in VIDEO_SUFFIXES and one.name[0] != "."]
        if not inside:
            raise InputError(f"The folder {source} holds no video file. Name the files, or another folder.")
        return sorted(inside, key=natural_order)
    if not source.exists() and any(sign in str(source) for sign in "*?["):
        matches = [one for one in _matching(source) if one.is_file()]
        if not matches:
            raise InputError(f"No file matches {source}. Check the pattern.")
        return sorted(matches, key=natural_order)
    return [source]


def _matching(pattern: Path) -> Iterable[Path]:
    return Path(pattern.anchor or ".").glob(str(pattern.relative_to(pattern.anchor)))


def open_sources(files: Iterable[Path], taken: dict[str, str]) -> list[Source]:
    """Probe the files and name them; `taken` maps names used before to the identities that used them.

    Two different sources of one name are told apart by a short hash of the path. Raises InputError for unusable files.
    """
    names = dict(taken)
    sources = []
    for path in files:
        clip = probe(path)
        identity = content_identity(path)
        name = _readable(path.stem)
        if names.get(name, identity) != identity:
            name = f"{name}-{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:HASH_LETTERS]}"
        names[name] = identity
        sources.append(Source(clip, identity, name))
    return sources


def _readable(stem: str) -> str:
    kept = "".join(letter if letter.isalnum() or letter in "-." else "_" for letter in stem)
    return kept.strip("_.") or "source"
