"""Where in a video painting begins, and what it must know of what came before."""

import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from vidstyle.files import flush, whole_file
from vidstyle.media.read import Position, ReadReport
from vidstyle.render.painter_config import PainterProgress


@dataclass(frozen=True)
class Start:
    """The segment to begin with, the place in the source and the clock's shift there, and how the painter stands.

    `state` is the file of what the painter remembers; without it frames before the segment are looked at again. Reading
    begins for that at one of the places `before`, the nearest first; None is the beginning of the source.
    """

    number: int = 0
    place: Position | None = None
    shift: int | None = None
    standing: PainterProgress | None = None
    state: Path | None = None
    before: tuple[Position | None, ...] = ()


def rewind_points(places: Sequence[Position], number: int) -> tuple[Position | None, ...]:
    """Return where 1, 2, 4, ... segments before segment `number` begin, of segments that end at `places`."""
    firsts = [max(0, number - (1 << power)) for power in range(number.bit_length() + bool(number))]
    return tuple(places[first - 1] if first else None for first in dict.fromkeys(firsts))


@dataclass(frozen=True)
class Segment:
    """A finished segment: its file's SHA-256, what it holds, and what painting on after it needs to know.

    `coded_pts` are the times in the order of decoding and `shift` how much earlier they are than in the source, in ticks;
    `standing` is that of the painter, `state` the SHA-256 of the file with what it remembers, "" for nothing.
    """

    number: int
    sha256: str
    coded_pts: tuple[int, ...]
    last_duration: int
    shift: int
    place: Position
    standing: PainterProgress
    state: str

    @classmethod
    def of(cls, line: dict[str, Any]) -> Self:
        """Return the segment that a line tells of."""
        standing = PainterProgress(**{**line["standing"], "notes": tuple(line["standing"]["notes"])})
        known = {"coded_pts": tuple(line["coded_pts"]), "place": Position(**line["place"]), "standing": standing}
        return cls(**{**line, **known})


@dataclass(frozen=True)
class Reading:
    """What reading the whole source came to, and the time of its first picture in ticks."""

    report: ReadReport
    start_pts: int

    @classmethod
    def of(cls, line: dict[str, Any]) -> Self:
        """Return the reading that a line tells of."""
        return cls(ReadReport(**line["report"]), line["start_pts"])


@dataclass(frozen=True)
class Joined:
    """The SHA-256 of the joined segments, which are gone once this is written."""

    sha256: str


@dataclass(frozen=True)
class FileMark:
    """What tells the finished result from another file, also after it was renamed."""

    inode: int
    bytes: int
    mtime_ns: int

    @classmethod
    def of(cls, path: Path) -> Self:
        """Return the mark of a file; raises OSError."""
        found = path.stat()
        return cls(found.st_ino, found.st_size, found.st_mtime_ns)

    def fits(self, path: Path) -> bool:
        """Whether this is the file at `path`."""
        return path.is_file() and FileMark.of(path) == self


Entry = Segment | Reading | Joined | FileMark
KINDS: dict[str, Callable[[dict[str, Any]], Entry]] = {
    "segment": Segment.of,
    "reading": Reading.of,
    "joined": lambda line: Joined(**line),
    "result": lambda line: FileMark(**line),
}


class Journal:
    """The lines of one render, in the order in which they were written: (name, entry)."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> list[tuple[str, Entry]]:
        """Return the entries up to the first line that is not whole."""
        entries: list[tuple[str, Entry]] = []
        try:
            lines = self.path.read_bytes().split(b"\n")[:-1]
        except (FileNotFoundError, NotADirectoryError):
            return []
        for line in lines:
            try:
                name, content = json.loads(line)
                entries.append((name, KINDS[name](content)))
            except (ValueError, TypeError, KeyError):
                break
        return entries

    def append(self, name: str, *entries: Entry) -> None:
        """Add a line for each entry, on the disk when this returns; raises OSError."""
        with self.path.open("ab") as handle:
            handle.write(b"".join(_line(name, entry) for entry in entries))
            handle.flush()
            os.fsync(handle.fileno())

    def replace(self, entries: Iterable[tuple[str, Entry]]) -> None:
        """Write the journal anew with these lines; raises OutputError."""
        with whole_file(self.path) as partial:
            partial.write_bytes(b"".join(_line(name, entry) for name, entry in entries))
        flush(self.path.parent)


def _line(name: str, entry: Entry) -> bytes:
    return json.dumps([name, asdict(entry)], ensure_ascii=False).encode() + b"\n"
