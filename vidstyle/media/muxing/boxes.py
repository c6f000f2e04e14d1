"""The boxes of an mp4 or mov file that is already written: others are added to the box that describes its tracks.

Source: ISO/IEC 14496-12, 4.2 (boxes), 8.2.1 (moov), 8.5.2 (stsd), 8.7.5 (stco and co64).
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from struct import pack, unpack_from
from typing import BinaryIO

CHUNK_BYTES = 1 << 22
HEADER_BYTES = 8
WITH_BOXES = (b"trak", b"mdia", b"minf", b"stbl")
"""Boxes on the way from the index of a file to where its samples lie."""
BEFORE_BOXES = {b"stsd": 8}
"""Bytes that come before the boxes inside a box."""
SAMPLE_ENTRY_BYTES = 78
"""Bytes that come before the boxes inside the description of a video's samples."""
ANY_KIND = b""
"""The kind of the description of samples, which is their codec."""
LARGEST_OFFSET = (1 << 32) - 1
Way = tuple[tuple[bytes, int], ...]
"""Which box, by its kind and its number among those of that kind, in which box, from the outer to the inner one."""


def box(kind: bytes, *contents: bytes) -> bytes:
    """Return a box."""
    content = b"".join(contents)
    return pack(">I4s", HEADER_BYTES + len(content), kind) + content


def full_box(kind: bytes, *contents: bytes) -> bytes:
    """Return a box of version 0 without flags."""
    return box(kind, bytes(4), *contents)


def add_boxes(path: Path, additions: list[tuple[Way, bytes]]) -> None:
    """Add boxes to the index of a file, each at the end of the box to which a way leads from `moov`.

    Raises LookupError where there is no such box, ValueError where the file grows beyond what its offsets can say, OSError.
    """

    def with_additions(content: bytes) -> bytes:
        for way, addition in additions:
            content = _with_box(content, way, addition)
        return content

    with path.open("r+b") as file:
        _change_index(file, with_additions)


def _change_index(file: BinaryIO, change: Callable[[bytes], bytes]) -> None:
    """Change the content of the box `moov`, and move what comes after it."""
    start, size = _index(file)
    file.seek(start + HEADER_BYTES)
    content = change(file.read(size - HEADER_BYTES))
    longer = HEADER_BYTES + len(content) - size
    index = box(b"moov", _with_moved_samples(content, start, longer))
    _move(file, start + size, longer)
    file.seek(start)
    file.write(index)


def _index(file: BinaryIO) -> tuple[int, int]:
    """Return where the box `moov` begins, and its size."""
    length, at = file.seek(0, 2), 0
    while at + HEADER_BYTES <= length:
        file.seek(at)
        header = file.read(16)
        size, kind = unpack_from(">I4s", header)
        if size == 1:
            (size,) = unpack_from(">Q", header, HEADER_BYTES)
        elif kind == b"moov":
            return at, size
        if size < HEADER_BYTES:
            break
        at += size
    raise LookupError("there is no index")


def _move(file: BinaryIO, start: int, far: int) -> None:
    """Move everything from `start` on by so many bytes towards the end."""
    at = file.seek(0, 2)
    while at > start:
        length = min(CHUNK_BYTES, at - start)
        at -= length
        file.seek(at)
        chunk = file.read(length)
        file.seek(at + far)
        file.write(chunk)


@dataclass(frozen=True)
class Content:
    """What a box holds: bytes before its boxes, these by kind and content, and bytes after them, as QuickTime's zeros."""

    before: bytes
    boxes: list[tuple[bytes, bytes]]
    after: bytes

    @classmethod
    def of(cls, content: bytes, start: int = 0) -> "Content":
        """Return the parts of a content whose boxes begin at `start`; raises LookupError where there are none."""
        boxes, at = [], start
        while at + HEADER_BYTES <= len(content):
            size, kind = unpack_from(">I4s", content, at)
            if size < HEADER_BYTES or at + size > len(content):
                raise LookupError("a box has no size")
            boxes.append((kind, content[at + HEADER_BYTES : at + size]))
            at += size
        return cls(content[:start], boxes, content[at:])

    def joined(self, addition: bytes = b"") -> bytes:
        """Return the content, with another box."""
        return b"".join([self.before, *(box(kind, inner) for kind, inner in self.boxes), addition, self.after])


def _with_box(content: bytes, way: Way, addition: bytes, start: int = 0) -> bytes:
    """Return a content, whose boxes begin at `start`, with another box at the end of the way."""
    parts = Content.of(content, start)
    if not way:
        return parts.joined(addition)
    (wanted, number), *rest = way
    places = [place for place, (kind, _) in enumerate(parts.boxes) if wanted in (kind, ANY_KIND)]
    if number >= len(places):
        raise LookupError(f"there is no box {wanted!r}")
    kind, inner = parts.boxes[places[number]]
    inside = SAMPLE_ENTRY_BYTES if wanted == ANY_KIND else BEFORE_BOXES.get(kind, 0)
    parts.boxes[places[number]] = kind, _with_box(inner, tuple(rest), addition, inside)
    return parts.joined()


def _with_moved_samples(content: bytes, after: int, far: int) -> bytes:
    """Return a content in which all samples that lie beyond `after` lie `far` bytes further."""
    parts = Content.of(content)
    for place, (kind, inner) in enumerate(parts.boxes):
        if kind in WITH_BOXES:
            parts.boxes[place] = kind, _with_moved_samples(inner, after, far)
        elif kind in (b"stco", b"co64"):
            parts.boxes[place] = kind, _moved(inner, "I" if kind == b"stco" else "Q", after, far)
    return parts.joined()


def _moved(table: bytes, form: str, after: int, far: int) -> bytes:
    (count,) = unpack_from(">I", table, 4)
    offsets = [at + far * (at > after) for at in unpack_from(f">{count}{form}", table, 8)]
    if form == "I" and max(offsets, default=0) > LARGEST_OFFSET:
        raise ValueError("the file is too long for its offsets")
    return table[:8] + pack(f">{count}{form}", *offsets)
