"""Photos with EXIF tags of the wrong type, as cameras and editors write them."""

import struct
from pathlib import Path

import numpy as np
from PIL import Image

TURNED = (0x0112, 3, 1, struct.pack("<H", 6))
"""The orientation of a phone held upright: the picture has to be turned clockwise."""
ODD_TAGS = {
    "resolution as text": (0x011A, 2, 3, b"72\0"),
    "resolution below zero": (0x011A, 10, 1, struct.pack("<ii", -72, 1)),
    "resolution by zero": (0x011A, 5, 1, struct.pack("<II", 72, 0)),
    "maker as fraction": (0x010F, 5, 1, struct.pack("<II", 1, 1)),
    "maker as number": (0x010F, 3, 1, struct.pack("<H", 5)),
    "date as bytes": (0x0132, 1, 4, b"2020"),
    "bits as text": (0x0102, 2, 4, b"8 8\0"),
    "directory as text": (0x8769, 2, 4, b"abc\0"),
    "directory beyond the end": (0x8769, 4, 1, struct.pack("<I", 99999)),
    "place beyond the end": (0x8825, 4, 1, struct.pack("<I", 99999)),
    "type that is unknown": (0x010F, 99, 1, b"abcd"),
    "strips as bytes": (0x0111, 2, 4, b"abc\0"),
}
Entry = tuple[int, int, int, bytes]


def exif_of(*entries: Entry) -> bytes:
    """Return EXIF of these entries: tag, type, count and bytes."""
    offset, body = 8 + 2 + 12 * len(entries) + 4, b""
    table = struct.pack("<H", len(entries))
    for tag, kind, count, content in sorted(entries):
        value = content.ljust(4, b"\0")
        if len(content) > 4:
            value, body = struct.pack("<I", offset + len(body)), body + content
        table += struct.pack("<HHI", tag, kind, count) + value
    return b"Exif\0\0II*\0" + struct.pack("<I", 8) + table + struct.pack("<I", 0) + body


def odd_exif_photo(path: Path, rgb: np.ndarray, tag: str = "resolution as text", turned: Entry = TURNED) -> Path:
    """Write a photo with an odd tag beside its orientation."""
    Image.fromarray(rgb).save(path, exif=exif_of(turned, ODD_TAGS[tag]), quality=95)
    return path
