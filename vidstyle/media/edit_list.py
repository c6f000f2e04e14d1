"""The edit lists of mp4 and mov: which pieces of a track are played, and when (ISO/IEC 14496-12, 8.6.5 and 8.6.6).

ffmpeg follows lists of one piece. Of several it places some pictures wrongly, and plays others in a wait between pieces.
So files with such lists are opened without them, and the pieces are taken from here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import dropwhile
from pathlib import Path
from struct import error as StructError
from struct import unpack_from
from typing import Any, BinaryIO

from av.packet import Packet

IGNORE_EDIT_LISTS = {"ignore_editlist": "1"}
"""The option of ffmpeg's reader with which packets have the times of the media."""
LARGEST_INDEX_BYTES = 1 << 30
MARGIN_SECONDS = 2
"""Decoding of a piece begins this long before it at the latest: its pictures may depend on some before their key frame."""
WAIT = -1
"""The media time of a piece in which nothing is played."""
Boxes = dict[bytes, list[bytes]]


@dataclass(frozen=True)
class Edit:
    """A piece of a track in ticks: when it is played, for how long, and where in the media it begins, or WAIT.

    `slack` is the precision of these times: they may be rounded to it.
    """

    start: int
    length: int
    media: int
    slack: Fraction

    @property
    def end(self) -> int:
        """The time at which the piece ends."""
        return self.start + self.length

    def packets(self, container: Any, stream: Any, begin: int | None = None) -> Iterator[Packet]:
        """Yield the packets of the piece, from `begin` on or all, at the times when they are played.

        Packets before that come first: pictures and sound depend on some.
        """
        skipped = 0 if begin is None else max(0, begin - self.start)
        container.seek(self.media + skipped - int(MARGIN_SECONDS / stream.time_base), stream=stream)
        for packet in container.demux(stream):
            if packet.size == 0 or (packet.dts is not None and packet.dts >= self.media + self.length):
                return
            packet.pts = None if packet.pts is None else packet.pts - self.media + self.start
            packet.dts = None if packet.dts is None else packet.dts - self.media + self.start
            yield packet

    def time_of(self, pts: int | None, ticks_per_frame: Fraction) -> int | None:
        """Return when a picture is shown that is due at `pts`, None where the piece does not show it."""
        slack = min(self.slack, ticks_per_frame / 2)
        if pts is None or not self.start - slack <= pts < self.end - slack:
            return None
        return max(self.start, pts)


def played(edits: tuple[Edit, ...]) -> tuple[Edit, ...]:
    """Return the pieces in which something is played."""
    return tuple(edit for edit in edits if edit.media != WAIT)


def is_plain(edits: tuple[Edit, ...]) -> bool:
    """Return whether this is a list that ffmpeg follows: one piece, perhaps after a wait."""
    return len(list(dropwhile(lambda edit: edit.media == WAIT, edits))) < 2


def is_mov(container: Any) -> bool:
    """Return whether an opened file is mp4, mov or of their family."""
    return "mov" in container.format.name.split(",")


def edits_of(path: Path, container: Any, stream: Any) -> tuple[Edit, ...]:
    """Return the pieces of a track of an opened file; () where it has no edit list, or one that cannot be read."""
    if not is_mov(container):
        return ()
    try:
        with path.open("rb") as file:
            return _edits(_index(file), stream.id)
    except (OSError, StructError, ValueError, LookupError, ZeroDivisionError):
        return ()


def _index(file: BinaryIO) -> bytes:
    """Return the content of the box that describes the tracks; raises LookupError when there is none."""
    file.seek(0, 2)
    length, at = file.tell(), 0
    while at + 8 <= length:
        file.seek(at)
        header = file.read(16)
        size, kind = unpack_from(">I4s", header)
        start = 8
        if size == 1:
            (size,), start = unpack_from(">Q", header, 8), 16
        size = size or length - at
        if size < start:
            break
        if kind == b"moov":
            file.seek(at + start)
            return file.read(min(size - start, LARGEST_INDEX_BYTES))
        at += size
    raise LookupError("no index")


def _boxes(content: bytes) -> Boxes:
    """Return the contents of the boxes in a box, by their kind."""
    found: Boxes = {}
    at = 0
    while at + 8 <= len(content):
        size, kind = unpack_from(">I4s", content, at)
        if size < 8:
            break
        found.setdefault(kind, []).append(content[at + 8 : at + size])
        at += size
    return found


def _edits(index: bytes, track_id: int) -> tuple[Edit, ...]:
    """Return the pieces of a track. A file in fragments has an index of its own for each, so it gives none."""
    movie = _boxes(index)
    if b"mvex" in movie:
        return ()
    movie_ticks = _header(movie[b"mvhd"][0], 12, 20)
    for track in map(_boxes, movie[b"trak"]):
        if _header(track[b"tkhd"][0], 12, 20) == track_id and b"edts" in track:
            ticks = Fraction(_header(_boxes(track[b"mdia"][0])[b"mdhd"][0], 12, 20), movie_ticks)
            return _pieces(_boxes(track[b"edts"][0])[b"elst"][0], ticks)
    return ()


def _header(content: bytes, place: int, long_place: int) -> int:
    """Return a number of 32 bits of a box, which lies at the second place where the box has times of 64 bits."""
    return int(unpack_from(">I", content, long_place if content[0] else place)[0])


def _pieces(table: bytes, ticks: Fraction) -> tuple[Edit, ...]:
    """Return the pieces of an edit list, in which durations count in units of `ticks` ticks of the track."""
    (count,) = unpack_from(">I", table, 4)
    form, size = (">Qq", 20) if table[0] else (">Ii", 12)
    edits, length = [], 0
    for number in range(count):
        duration, media = unpack_from(form, table, 8 + number * size)
        if duration == 0:
            return ()
        start, end = round(length * ticks), round((length + duration) * ticks)
        edits.append(Edit(start, end - start, media, ticks))
        length += duration
    return tuple(edits)
