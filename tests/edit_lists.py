"""Edit lists of several pieces, put into an mp4 that was made without them (ISO/IEC 14496-12, 8.6.6)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from struct import pack, unpack_from

Edit = tuple[float, float | None]
"""Seconds that a piece lasts, and where in the media it begins, None for a wait without pictures."""
HEADER = 8
TIMESCALE = {b"mvhd": 20, b"mdhd": 20}
"""Where a header (version 0) holds the ticks a second."""


def with_edits(source: Path, target: Path, edits: Sequence[Edit]) -> Path:
    """Write `source`, whose index lies behind its media, with these edits in each of its tracks."""
    content = source.read_bytes()
    (start, index), *behind = [(at, box) for at, kind, box in boxes(content) if kind == b"moov"]
    assert not behind and start + len(index) == len(content), "the index is the last box"
    ticks = _ticks(index, b"mvhd")
    parts = [_with_edits(box, edits, ticks) if kind == b"trak" else box for _, kind, box in boxes(index[HEADER:])]
    target.write_bytes(content[:start] + _box(b"moov", b"".join(parts)))
    return target


def boxes(content: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield the place, the kind and the whole of each box."""
    at = 0
    while at < len(content):
        size, kind = unpack_from(">I4s", content, at)
        yield at, kind, content[at : at + size]
        at += size


def _with_edits(track: bytes, edits: Sequence[Edit], ticks: int) -> bytes:
    inside = {kind: box for _, kind, box in boxes(track[HEADER:])}
    media = _ticks(inside[b"mdia"], b"mdhd")
    first = max(0, unpack_from(">i", inside[b"edts"], 28)[0]) if b"edts" in inside else 0
    rows = [
        pack(">IiHH", round(seconds * ticks), -1 if start is None else round(start * media) + first, 1, 0)
        for seconds, start in edits
    ]
    listed = _box(b"edts", _box(b"elst", pack(">II", 0, len(rows)) + b"".join(rows)))
    kept = [box + listed if kind == b"tkhd" else box for kind, box in inside.items() if kind != b"edts"]
    return _box(b"trak", b"".join(kept))


def _ticks(content: bytes, header: bytes) -> int:
    return int(unpack_from(">I", content, content.index(header) - 4 + TIMESCALE[header])[0])


def _box(kind: bytes, content: bytes) -> bytes:
    return pack(">I4s", HEADER + len(content), kind) + content
