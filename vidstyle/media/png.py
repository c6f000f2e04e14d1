"""PNG by libavcodec: of the same size as Pillow's at half its price, which tries five filters on each line."""

from fractions import Fraction

import numpy as np

OPTIONS = {"pred": "paeth", "compression_level": "2"}
"""Level 2 is written several times faster than the usual 6, and a tenth larger."""


def png_of(rgb: np.ndarray) -> bytes:
    """Return (h, w, 3) uint8 RGB as a PNG file (ISO/IEC 15948)."""
    import av

    encoder = av.CodecContext.create("png", "w")
    encoder.height, encoder.width = rgb.shape[:2]
    encoder.pix_fmt, encoder.time_base = "rgb24", Fraction(1)
    encoder.options, encoder.thread_count = OPTIONS, 1
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), "rgb24")
    return b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])
