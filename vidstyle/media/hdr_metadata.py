"""Static metadata of high dynamic range: how it lies in decoded frames, and how encoders are told to write it.

Mastering display colour volume: SMPTE ST 2086. Maximum content and frame-average light level: CTA-861.3."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from av.video.frame import VideoFrame


Point = tuple[Fraction, Fraction]
DYNAMIC = {"DOVI_METADATA": "Dolby Vision", "DOVI_RPU_BUFFER": "Dolby Vision", "DYNAMIC_HDR_PLUS": "HDR10+"}
MASTERING_LAYOUT = "<20i2i"
"""FFmpeg's AVMasteringDisplayMetadata: ten fractions of two integers, then whether primaries and luminances are there."""
CHROMATICITY_STEPS, LUMINANCE_STEPS = 50_000, 10_000
"""Steps in which ST 2086 counts x and y, and cd/m2."""


@dataclass(frozen=True)
class _Words:
    """How an encoder calls the option, the mastering display and the light levels; whether it counts in ST 2086's steps."""

    option: str
    display: str
    light: str
    whole_steps: bool


WORDS = {
    "libx264": _Words("x264-params", "mastering-display", "cll", True),
    "libx265": _Words("x265-params", "master-display", "max-cll", True),
    "libsvtav1": _Words("svtav1-params", "mastering-display", "content-light", False),
}


@dataclass(frozen=True)
class MasteringDisplay:
    """The display a video was made on: x and y of red, green, blue and white, least and greatest light in cd/m2."""

    red: Point
    green: Point
    blue: Point
    white: Point
    minimum: Fraction
    maximum: Fraction


@dataclass(frozen=True)
class StaticMetadata:
    """What a video says once for all of its pictures; light levels in cd/m2, 0 where unknown.

    `dynamic` names metadata that changes with the pictures and does not outlive painting.
    """

    display: MasteringDisplay | None = None
    content_light: int = 0
    frame_average_light: int = 0
    dynamic: tuple[str, ...] = ()

    @property
    def peak_nits(self) -> float:
        """The brightest light there is in the video, as far as it says; 0 where it does not."""
        return float(self.content_light or (self.display.maximum if self.display else 0))


NO_METADATA = StaticMetadata()


def read_static_metadata(frame: VideoFrame) -> StaticMetadata:
    """Return what a decoded frame carries."""
    side_data: Any = frame.side_data
    found = {one.type.name: bytes(one) for one in side_data}
    display = found.get("MASTERING_DISPLAY_METADATA")
    content_light, average_light = struct.unpack_from("<2I", found.get("CONTENT_LIGHT_LEVEL", bytes(8)))
    dynamic = tuple(sorted({name for key, name in DYNAMIC.items() if key in found}))
    return StaticMetadata(_display(display) if display else None, content_light, average_light, dynamic)


def _display(content: bytes) -> MasteringDisplay | None:
    *numbers, has_primaries, has_luminance = struct.unpack_from(MASTERING_LAYOUT, content)
    if not (has_primaries and has_luminance and all(numbers[1::2])):
        return None
    values = [Fraction(above, below) for above, below in zip(numbers[::2], numbers[1::2], strict=True)]
    red, green, blue, white = ((values[at], values[at + 1]) for at in range(0, 8, 2))
    return MasteringDisplay(red, green, blue, white, *values[8:])


def has_place(encoder: str) -> bool:
    """Whether `encoder` writes static metadata into its stream."""
    return encoder in WORDS


def metadata_options(encoder: str, metadata: StaticMetadata) -> dict[str, str]:
    """Return the options with which `encoder` writes the metadata into its stream; none where it has no place for them."""
    if not has_place(encoder):
        return {}
    words = WORDS[encoder]
    said = [f"{words.display}={_display_words(metadata.display, words.whole_steps)}"] if metadata.display else []
    if metadata.content_light:
        said.append(f"{words.light}={metadata.content_light},{metadata.frame_average_light}")
    return {words.option: ":".join(said)} if said else {}


def _display_words(display: MasteringDisplay, whole_steps: bool) -> str:
    def number(value: Fraction, steps: int) -> str:
        return str(round(value * steps)) if whole_steps else f"{float(value):g}"

    points = {"G": display.green, "B": display.blue, "R": display.red, "WP": display.white}
    lights = [number(value, LUMINANCE_STEPS) for value in (display.maximum, display.minimum)]
    named = [f"{name}({','.join(number(value, CHROMATICITY_STEPS) for value in xy)})" for name, xy in points.items()]
    return f"{''.join(named)}L({','.join(lights)})"
