"""PNG files without an image library, so that a bare training machine can show its samples."""

import struct
import zlib
from pathlib import Path

import numpy as np

from vidstyle.files import whole_file


def write_png(path: Path, image: np.ndarray) -> None:
    """Write `image`, (height, width, 3) uint8 RGB, as PNG, whole or not at all; raises OutputError."""
    content = png_of(image)
    with whole_file(path) as partial:
        partial.write_bytes(content)


def png_of(image: np.ndarray) -> bytes:
    """Return (height, width, 3) uint8 RGB as a PNG file (ISO/IEC 15948)."""
    height, width, _ = image.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), image.reshape(height, width * 3)], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows.tobytes(), 6)) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
