"""The descriptions of a video (Clip), its streams, its colour, and of a batch of its frames; each checks its values."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from vidstyle.media.edit_list import Edit
from vidstyle.media.frame_properties.chroma_location import assumed_location
from vidstyle.media.frame_properties.stream_header import NOTHING, Cropping
from vidstyle.media.hdr_metadata import NO_METADATA, StaticMetadata
from vidstyle.media.muxing.projection import NO_PROJECTION, Projection

UNSPECIFIED = 2
"""The value in ITU-T H.273 of a colour property that the file does not state."""
PQ, HLG = 16, 18
"""Transfer functions of high dynamic range in H.273."""
BT2020, P3_DCI, P3_D65 = 9, 11, 12
"""Primaries of wide gamut in H.273."""


@dataclass(frozen=True)
class Colour:
    """Colour description of a video: matrix, primaries and transfer by their ITU-T H.273 numbers, and the range.

    `full_range` is None when the file does not say. So is `chroma_location`, ffmpeg's name for where chroma samples lie.
    """

    matrix: int = UNSPECIFIED
    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED
    full_range: bool | None = None
    chroma_location: str | None = None

    @property
    def is_hdr(self) -> bool:
        """Whether this is high dynamic range."""
        return self.transfer in (PQ, HLG)

    @property
    def seen_chroma_location(self) -> str:
        """Where players take chroma samples to be."""
        return self.chroma_location or assumed_location(self.full_range)

    @property
    def is_wide(self) -> bool:
        """Whether the primaries reach far beyond those of BT.709."""
        return self.primaries in (BT2020, P3_DCI, P3_D65)


@dataclass(frozen=True)
class Stream:
    """One stream of a container: its index, kind (video, audio, subtitle, attachment, data), codec and language."""

    index: int
    kind: str
    codec: str
    language: str | None = None


@dataclass(frozen=True)
class Clip:
    """A probed video: coded size in pixels, orientation, timing, colour.

    `cropping` is what its container cuts off; width and height are without it. The upright picture is the coded one, flipped
    top to bottom if `mirrored`, then turned clockwise by `rotation` degrees. `coded_aspect` is the sample aspect that the
    first picture states, None where it states none. `origin_pts` is the time, in ticks, from which a player counts. `edits`
    are the pieces to play of an mp4 or mov with an edit list of several. `end_pts` is the time, in ticks, at which an mp4 or
    mov says that its pictures end, 0 in other formats. `projection` says how the coded pictures are meant to be seen.
    """

    path: Path
    video_index: int
    width: int
    height: int
    rotation: int
    sample_aspect: Fraction
    frame_rate: Fraction
    time_base: Fraction
    pixel_format: str
    bit_depth: int
    colour: Colour
    interlaced: bool
    duration: Fraction | None
    frames: int | None
    streams: tuple[Stream, ...]
    metadata: StaticMetadata = NO_METADATA
    mirrored: bool = False
    coded_aspect: Fraction | None = None
    origin_pts: int = 0
    edits: tuple[Edit, ...] = ()
    end_pts: int = 0
    projection: Projection = NO_PROJECTION
    cropping: Cropping = NOTHING

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1 or self.rotation not in (0, 90, 180, 270):
            raise ValueError(f"not a video's shape: {self.width}x{self.height} turned by {self.rotation}")
        if self.time_base <= 0 or self.sample_aspect <= 0:
            raise ValueError(f"not a video's time base and aspect: {self.time_base}, {self.sample_aspect}")

    @property
    def upright_size(self) -> tuple[int, int]:
        """Width and height in pixels once turned upright."""
        return (self.height, self.width) if self.rotation in (90, 270) else (self.width, self.height)

    @property
    def upright_aspect(self) -> Fraction:
        """Sample aspect ratio once turned upright."""
        return 1 / self.sample_aspect if self.rotation in (90, 270) else self.sample_aspect

    @property
    def upright_projection(self) -> Projection:
        """How the upright pictures are meant to be seen: none where they are turned, for left and right are then others."""
        return NO_PROJECTION if self.rotation or self.mirrored else self.projection

    def upright(self, coded: np.ndarray) -> np.ndarray:
        """Return a coded picture or plane, (height, width, ...), turned upright; a view, so nothing is copied."""
        flipped = coded[::-1] if self.mirrored else coded
        return np.rot90(flipped, -self.rotation // 90)

    def of_kind(self, kind: str) -> tuple[Stream, ...]:
        """Return the streams of one kind, in the container's order."""
        return tuple(stream for stream in self.streams if stream.kind == kind)


@dataclass(frozen=True)
class Batch:
    """Upright RGB frames, (n, height, width, 3) uint8, or uint16 for sources of more than 8 bits, with their times.

    `pts` and `durations` are integers in units of `time_base` seconds; a duration of 0 is unknown. `captions` are the closed
    captions of each frame, () where none has any.
    """

    frames: np.ndarray
    pts: tuple[int, ...]
    durations: tuple[int, ...]
    time_base: Fraction
    captions: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.frames.ndim != 4 or self.frames.shape[3] != 3 or self.frames.dtype not in (np.uint8, np.uint16):
            raise ValueError(f"not RGB frames: {self.frames.shape} {self.frames.dtype}")
        if not len(self.frames) == len(self.pts) == len(self.durations) or len(self.captions) not in (0, len(self.pts)):
            raise ValueError(
                f"{len(self.frames)} frames with {len(self.pts)} times, {len(self.durations)} durations and "
                f"{len(self.captions)} captions"
            )

    def __len__(self) -> int:
        return len(self.pts)
