"""Lossless files for pictures that one run writes and reads again, at a tenth of the time that PNG takes."""

from pathlib import Path
from typing import Any

import av
import numpy as np

from vidstyle.errors import InputError, OutputError
from vidstyle.files import advice_on

LOSSLESS_SUFFIX = ".nut"
CODEC, PIXEL_FORMAT = "ffvhuff", "gbrp"
"""Huffman coding of the differences between neighbours: about the size of PNG for drawn pictures."""


def write_lossless(path: Path, rgb: np.ndarray) -> None:
    """Write (height, width, 3) uint8 RGB to `path`, which ends in LOSSLESS_SUFFIX; raises OutputError."""
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), "rgb24")
    try:
        with av.open(str(path), "w", format="nut") as container:
            stream: Any = container.add_stream(CODEC, rate=1)
            stream.height, stream.width = rgb.shape[:2]
            stream.pix_fmt = PIXEL_FORMAT
            container.mux(stream.encode(frame.reformat(format=PIXEL_FORMAT, threads=1)))
            container.mux(stream.encode(None))
    except av.error.FFmpegError as error:
        advice = advice_on(error, "Check the free space.")
        raise OutputError(f"Cannot write {path}: {error.strerror}. {advice}") from error


def read_lossless(path: Path) -> np.ndarray:
    """Return the (height, width, 3) uint8 RGB that was written, the very same values; raises InputError."""
    try:
        with av.open(str(path)) as container:
            return next(container.decode(video=0)).to_ndarray(format="rgb24")
    except av.error.FFmpegError as error:
        raise InputError(f"Cannot read {path} back: {error.strerror}. Give the same command again.") from error
