"""What an earlier run left of a render, and how much of it can be used."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vidstyle.atomic import write_json
from vidstyle.checksum import sha256_of
from vidstyle.render.folder import RenderFolder
from vidstyle.render.journal import Entry, FileMark, Joined, Journal, Reading, Segment
from vidstyle.render.made_of import changes

FORMAT = 1


@dataclass(frozen=True)
class Kept:
    """Finished work that can be used: segments, whether they are joined, what reading came to when all is painted.

    `resolved` is what was settled when the render began, None for a new one; `result` is the mark of the finished file;
    `lost` says why earlier work is not used.
    """

    segments: tuple[Segment, ...] = ()
    reading: Reading | None = None
    joined: Joined | None = None
    result: FileMark | None = None
    resolved: dict[str, Any] | None = None
    lost: str = ""

    @property
    def pictures(self) -> int:
        """How many pictures are painted."""
        return self.segments[-1].place.pictures if self.segments else 0

    def entries(self) -> list[tuple[str, Entry]]:
        """Return the lines of the journal that tell of this."""
        later = {"reading": self.reading, "joined": self.joined, "result": self.result}
        lines: list[tuple[str, Entry]] = [("segment", one) for one in self.segments]
        return lines + [(name, entry) for name, entry in later.items() if entry is not None]


def look(folder: RenderFolder, made_of: dict[str, Any], *, restart: bool) -> Kept:
    """Return what can be used for a render that is `made_of` the same; nothing is changed."""
    try:
        manifest = json.loads(folder.manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Kept()
    if restart:
        return Kept(lost="asked for with --restart")
    if manifest.get("format") != FORMAT:
        return Kept(lost="the earlier run was made by another version")
    if changed := changes(manifest["made_of"], made_of):
        return Kept(lost=", ".join(changed))
    return replace(_usable(folder, made_of["settings"]["segment"]), resolved=manifest["resolved"])


def recorded(folder: RenderFolder) -> Kept:
    """Return what the journal tells of, whether the files are there or not."""
    lines = Journal(folder.journal).read()
    last: dict[str, Any] = {name: entry for name, entry in lines if name != "segment"}
    segments = tuple(entry for _, entry in lines if isinstance(entry, Segment))
    return Kept(segments, last.get("reading"), last.get("joined"), last.get("result"))


def _usable(folder: RenderFolder, frames: int) -> Kept:
    painted = recorded(folder)
    if painted.result and painted.result.fits(folder.target):
        return painted
    if painted.joined and checksum(folder.joined) == painted.joined.sha256:
        return replace(painted, result=None)
    whole = _whole(folder, painted.segments)
    if painted.reading and len(whole) == len(painted.segments):
        return Kept(whole, painted.reading)
    return Kept(_full(folder, whole, frames))


def _whole(folder: RenderFolder, segments: tuple[Segment, ...]) -> tuple[Segment, ...]:
    """Return the segments before the first whose file is not what was written."""
    for place, segment in enumerate(segments):
        if segment.number != place or checksum(folder.segment(place)) != segment.sha256:
            return segments[:place]
    return segments


def _full(folder: RenderFolder, segments: tuple[Segment, ...], frames: int) -> tuple[Segment, ...]:
    """Return the segments after which painting can go on: full ones, up to one whose painter's memory is there."""
    full = [one for one in segments if one.place.pictures == (one.number + 1) * frames]
    while full and full[-1].state and checksum(folder.state(full[-1].number)) != full[-1].state:
        full.pop()
    return tuple(full)


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file, as hexadecimal; "" where there is none."""
    try:
        return sha256_of(path)
    except FileNotFoundError:
        return ""


def take_up(folder: RenderFolder, kept: Kept) -> None:
    """Leave in the folder what is kept, and nothing else; raises OSError or OutputError."""
    files = {folder.segment(one.number) for one in kept.segments} if not kept.joined else {folder.joined}
    files |= {folder.state(one.number) for one in kept.segments[-1:]}
    if kept.resolved is not None:
        files |= {folder.manifest, folder.journal}
    folder.keep_only(files)
    if kept.resolved is not None:
        Journal(folder.journal).replace(kept.entries())


def begin(folder: RenderFolder, made_of: dict[str, Any], resolved: dict[str, Any]) -> None:
    """Write down what is rendered and what was settled for it, and that nothing is done; raises OutputError."""
    Journal(folder.journal).replace(())
    write_json(folder.manifest, {"format": FORMAT, "made_of": made_of, "resolved": resolved})
