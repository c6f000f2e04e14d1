"""What a container states of a video stream and PyAV does not show: where chroma samples lie, and what is cut off.

ffmpeg knows both from every container. It writes them into a Matroska header, so one is made in memory and read.
Elements: RFC 9559, 5.1.4.1.28.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import av

SEGMENT, TRACKS, TRACK, VIDEO, COLOUR = 0x18538067, 0x1654AE6B, 0xAE, 0xE0, 0x55B0
CROP_BOTTOM, CROP_TOP, CROP_LEFT, CROP_RIGHT = 0x54AA, 0x54BB, 0x54CC, 0x54DD
SITING_ACROSS, SITING_DOWN = 0x55B7, 0x55B8
CHROMA_LOCATIONS = {(1, 1): "topleft", (1, 2): "left", (2, 1): "top", (2, 2): "center"}
"""Names in ffmpeg by siting across and down: 1 is on the first luma sample, 2 half-way to the next."""


@dataclass(frozen=True)
class Cropping:
    """How many columns and rows of a coded picture are not shown, at each of its sides."""

    left: int = 0
    top: int = 0
    right: int = 0
    bottom: int = 0


NOTHING = Cropping()


@dataclass(frozen=True)
class StreamHeader:
    """What the container cuts off, and ffmpeg's name for where chroma samples lie, None where nothing states it."""

    cropping: Cropping = NOTHING
    chroma_location: str | None = None


def read_stream_header(stream: Any) -> StreamHeader:
    """Return what ffmpeg knows of a video stream of an opened container; nothing of codecs that Matroska cannot hold."""
    numbers = dict(_numbers(_matroska_header(stream)))
    sides = (numbers.get(side, 0) for side in (CROP_LEFT, CROP_TOP, CROP_RIGHT, CROP_BOTTOM))
    siting = numbers.get(SITING_ACROSS, 0), numbers.get(SITING_DOWN, 0)
    return StreamHeader(Cropping(*sides), CHROMA_LOCATIONS.get(siting))


def _matroska_header(stream: Any) -> bytes:
    written = BytesIO()
    try:
        with av.open(written, "w", format="matroska") as container:
            container.add_stream_from_template(stream, opaque=True)
            container.start_encoding()
            return written.getvalue()
    except (av.error.FFmpegError, ValueError):
        return b""


def _numbers(content: bytes) -> Iterator[tuple[int, int]]:
    """Yield identifier and value of each element of the video track, those of its colour too."""
    at = 0
    while at < len(content):
        identifier, at = _variable_length(content, at, marked=True)
        size, at = _variable_length(content, at, marked=False)
        element = content[at : at + size]
        if identifier in (SEGMENT, TRACKS, TRACK, VIDEO, COLOUR):
            yield from _numbers(element)
        else:
            yield identifier, int.from_bytes(element, "big")
        at += size


def _variable_length(content: bytes, at: int, *, marked: bool) -> tuple[int, int]:
    """Return a number of RFC 8794, 4, with or without the bit that marks its length, and where it ends."""
    length = 9 - content[at].bit_length()
    number = int.from_bytes(content[at : at + length], "big")
    return number if marked else number & ~(1 << (7 * length)), at + length
