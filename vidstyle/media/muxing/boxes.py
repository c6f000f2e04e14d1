"""The boxes of an mp4 or mov file that is already written: others are added to the box that describes its tracks.

Source: ISO/IEC 14496-12, 4.2 (boxes), 8.2.1 (moov), 8.5.2 (stsd), 8.7.5 (stco and co64).
"""

from collections.abc import Callable, Iterator
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
    _move(file, start + size, longer)
    file.seek(start)
    file.write(box(b"moov", _with_moved_samples(content, start, longer)))


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


def _boxes(content: bytes, start: int = 0) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and content of each box."""
    while start + HEADER_BYTES <= len(content):
        size, kind = unpack_from(">I4s", content, start)
        if size < HEADER_BYTES:
            raise LookupError("a box has no size")
        yield kind, content[start + HEADER_BYTES : start + size]
        start += size


def _with_box(content: bytes, way: Way, addition: bytes, before: int = 0) -> bytes:
    if not way:
        return content + addition
    (wanted, number), *rest = way
    parts, seen, found = [content[:before]], 0, False
    for kind, inner in _boxes(content, before):
        if kind == wanted or (wanted == b"" and before):
            if seen == number:
                inside = SAMPLE_ENTRY_BYTES if wanted == b"" else BEFORE_BOXES.get(kind, 0)
                inner, found = _with_box(inner, tuple(rest), addition, inside), True
            seen += 1
        parts.append(box(kind, inner))
    if not found:
        raise LookupError(f"there is no box {wanted!r}")
    return b"".join(parts)


def _with_moved_samples(content: bytes, after: int, far: int) -> bytes:
    """Return boxes in which all samples that lie beyond `after` lie `far` bytes further."""
    parts = []
    for kind, inner in _boxes(content):
        if kind in WITH_BOXES:
            inner = _with_moved_samples(inner, after, far)
        elif kind in (b"stco", b"co64"):
            form = "I" if kind == b"stco" else "Q"
            (count,) = unpack_from(">I", inner, 4)
            offsets = [at + far * (at > after) for at in unpack_from(f">{count}{form}", inner, 8)]
            if kind == b"stco" and max(offsets, default=0) > LARGEST_OFFSET:
                raise ValueError("the file is too long for its offsets")
            inner = inner[:8] + pack(f">{count}{form}", *offsets)
        parts.append(box(kind, inner))
    return b"".join(parts)
