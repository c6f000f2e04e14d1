"""Clips of high dynamic range and wide gamut made while testing, with metadata of every kind."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import torch

from vidstyle.media.clip import Batch, Colour
from vidstyle.media.codecs import CODECS
from vidstyle.media.hdr_metadata import NO_METADATA, MasteringDisplay, StaticMetadata
from vidstyle.media.tonemap import view_of
from vidstyle.media.write import VideoForm, VideoWriter

PQ_COLOUR = Colour(matrix=9, primaries=9, transfer=16, full_range=False)
HLG_COLOUR = Colour(matrix=9, primaries=9, transfer=18, full_range=False)
P3_DISPLAY = MasteringDisplay(
    red=(Fraction(34000, 50000), Fraction(16000, 50000)),
    green=(Fraction(13250, 50000), Fraction(34500, 50000)),
    blue=(Fraction(7500, 50000), Fraction(3000, 50000)),
    white=(Fraction(15635, 50000), Fraction(16450, 50000)),
    minimum=Fraction(50, 10000),
    maximum=Fraction(1000),
)
METADATA = StaticMetadata(P3_DISPLAY, content_light=900, frame_average_light=300)
RATE = Fraction(24)
HDR10_PLUS_FIELDS = (
    *((8, 0xB5), (16, 0x3C), (16, 1), (8, 4), (8, 1)),
    *((2, 1), (27, 1000), (1, 0)),
    *((17, 60000), (17, 50000), (17, 40000), (17, 30000), (4, 0), (10, 0), (1, 0), (1, 0), (1, 0)),
)
"""Width in bits and value of what SMPTE ST 2094-40 says of a picture: who speaks, one window, its brightest light."""


def slopes(size: tuple[int, int] = (64, 48)) -> np.ndarray:
    """Return what a clip shows in BT.709: (height, width, 3) floats in [0, 1], dark and bright, grey and coloured."""
    across, down = np.meshgrid(np.linspace(0.02, 0.98, size[0]), np.linspace(0, 0.6, size[1]))
    return np.stack([across, across * (1 - down), across * (1 - 0.5 * down)], -1)


def make_hdr_clip(
    path: Path,
    colour: Colour = PQ_COLOUR,
    metadata: StaticMetadata = NO_METADATA,
    *,
    size: tuple[int, int] = (64, 48),
    frames: int = 3,
    codec: str = "libx265",
    pixel_format: str = "yuv444p10le",
) -> Path:
    """Write a clip whose pictures are `slopes` when seen in BT.709, and return its path."""
    view = view_of(colour, metadata)
    assert view is not None
    seen = torch.from_numpy(slopes(size)).float().permute(2, 0, 1)[None]
    signal = view.from_bt709(seen)[0].permute(1, 2, 0).numpy()
    pictures = np.repeat(np.rint(signal * 65535).astype(np.uint16)[None], frames, 0)
    preset = {"libx265": "ultrafast", "libsvtav1": "10"}.get(codec)
    form = VideoForm(
        CODECS[codec],
        *size,
        pixel_format,
        1 / RATE,
        RATE,
        Fraction(1),
        colour,
        4,
        preset,
        replace(metadata, dynamic=()),
    )
    with VideoWriter(path, form) as writer:
        writer.write(Batch(pictures, tuple(range(frames)), (1,) * frames, 1 / RATE))
    return path


def with_hdr10_plus(source: Path, target: Path) -> Path:
    """Copy an H.265 clip as a bare stream whose every picture carries HDR10+ metadata."""
    bits = "".join(f"{value:0{width}b}" for width, value in HDR10_PLUS_FIELDS)
    content = int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8), "big")
    message = b"\0\0\0\1\x4e\1\4" + bytes([len(content)]) + content.replace(b"\0\0", b"\0\0\3") + b"\x80"
    with av.open(str(source)) as container:
        stream = container.streams.video[0]
        bare = av.BitStreamFilterContext("hevc_mp4toannexb", stream)
        packets = [part for packet in container.demux(stream) for part in bare.filter(packet)]
    target.write_bytes(b"".join(message + bytes(packet) for packet in packets if packet.size))
    return target
