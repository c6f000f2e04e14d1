"""The journal of a render: one line of JSON for everything that is done, on the disk before the render goes on.

The names in its lines belong to the format and stay, whatever the fields here are called; see docs/formats.md.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from vidstyle.files import encodable, flush, synchronise, whole_file
from vidstyle.media.read import Position, ReadReport
from vidstyle.render.painter_config import PainterProgress

RENAMED = {"position": "place", "progress": "standing"}
"""Fields of a segment that have other names in the journal."""


@dataclass(frozen=True)
class SegmentEnd:
    """Where a segment ends: at `position` of the source, with times moved by `shift` ticks, and the painter at `progress`.

    `state` is what the painter remembers there.
    """

    position: Position
    shift: int
    progress: PainterProgress
    state: dict[str, Any]


@dataclass(frozen=True)
class Segment:
    """A finished segment: what its file holds, and what is needed to paint on after it.

    `sha256` is that of the file. `coded_pts` are its times in the order of decoding, in ticks, and `shift` is how much
    earlier they are than in the source. The segment ends at `position` of the source, where the painter stands at `progress`.
    `state` is the SHA-256 of the file with what the painter remembers, "" where it remembers nothing.
    """

    number: int
    sha256: str
    coded_pts: tuple[int, ...]
    last_duration: int
    shift: int
    position: Position
    progress: PainterProgress
    state: str

    def to_json(self) -> dict[str, Any]:
        """Return the segment as JSON can hold it."""
        return {RENAMED.get(name, name): value for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, line: dict[str, Any]) -> Self:
        """Return the segment that `to_json` gave."""
        progress = line["standing"]
        return cls(
            number=line["number"],
            sha256=line["sha256"],
            coded_pts=tuple(line["coded_pts"]),
            last_duration=line["last_duration"],
            shift=line["shift"],
            position=Position(**line["place"]),
            progress=PainterProgress(**{**progress, "notes": tuple(progress["notes"])}),
            state=line["state"],
        )


@dataclass(frozen=True)
class ResumePoint:
    """Where painting begins or goes on.

    Segment `number` comes next. It begins after `position` in the source, None being the beginning, where times are shifted
    by `shift` ticks and the painter stands at `progress`. `state` is the file of what the painter remembers. Where it is
    None, that is rebuilt by reading from one of `rewind_points`, the nearest first.
    """

    number: int = 0
    position: Position | None = None
    shift: int | None = None
    progress: PainterProgress | None = None
    state: Path | None = None
    rewind_points: tuple[Position | None, ...] = ()


def rewind_points(positions: Sequence[Position], number: int) -> tuple[Position | None, ...]:
    """Return where 1, 2, 4, ... segments before segment `number` begin, of segments that end at `positions`."""
    firsts = [max(0, number - (1 << power)) for power in range(number.bit_length() + bool(number))]
    return tuple(positions[first - 1] if first else None for first in dict.fromkeys(firsts))


@dataclass(frozen=True)
class Reading:
    """The report on reading the whole source, and the time of its first picture in ticks."""

    report: ReadReport
    start_pts: int

    def to_json(self) -> dict[str, Any]:
        """Return the reading as JSON can hold it."""
        return asdict(self)

    @classmethod
    def from_json(cls, line: dict[str, Any]) -> Self:
        """Return the reading that `to_json` gave."""
        return cls(ReadReport(**line["report"]), line["start_pts"])


@dataclass(frozen=True)
class Joined:
    """The SHA-256 of the joined segments, whose own files are gone once this is written."""

    sha256: str

    def to_json(self) -> dict[str, Any]:
        """Return the line as JSON can hold it."""
        return asdict(self)


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

    def to_json(self) -> dict[str, Any]:
        """Return the mark as JSON can hold it."""
        return asdict(self)


Entry = Segment | Reading | Joined | FileMark
KINDS: dict[str, Callable[[dict[str, Any]], Entry]] = {
    "segment": Segment.from_json,
    "reading": Reading.from_json,
    "joined": lambda line: Joined(**line),
    "result": lambda line: FileMark(**line),
}
"""What makes an entry of each kind of line."""


class Journal:
    """The lines of one render, in the order in which they were written: (kind, entry)."""

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
                kind, content = json.loads(line)
                entries.append((kind, KINDS[kind](content)))
            except (ValueError, TypeError, KeyError):
                break
        return entries

    def append(self, kind: str, *entries: Entry) -> None:
        """Add a line for each entry, on the disk when this returns; raises OSError."""
        with self.path.open("ab") as handle:
            handle.write(b"".join(_line(kind, entry) for entry in entries))
            handle.flush()
            synchronise(handle.fileno())

    def replace(self, entries: Iterable[tuple[str, Entry]]) -> None:
        """Write the whole journal again, with these lines; raises OutputError."""
        with whole_file(self.path) as partial:
            partial.write_bytes(b"".join(_line(kind, entry) for kind, entry in entries))
        flush(self.path.parent)


def _line(kind: str, entry: Entry) -> bytes:
    return encodable(json.dumps([kind, entry.to_json()], ensure_ascii=False)).encode() + b"\n"
