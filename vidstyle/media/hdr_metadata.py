"""Static metadata of high dynamic range: read from decoded frames, and put into the options of encoders that write it.

Mastering display colour volume: SMPTE ST 2086. Maximum content and frame-average light level: CTA-861.3."""

import struct
from dataclasses import dataclass
from fractions import Fraction

from av.video.frame import VideoFrame

from vidstyle.media.muxing.side_data import side_data_of

Point = tuple[Fraction, Fraction]
"""CIE 1931 x and y."""
DYNAMIC = {"DOVI_METADATA": "Dolby Vision", "DOVI_RPU_BUFFER": "Dolby Vision", "DYNAMIC_HDR_PLUS": "HDR10+"}
MASTERING_LAYOUT = "<20i2i"
"""FFmpeg's AVMasteringDisplayMetadata: ten fractions of two integers, then whether it has primaries and luminances."""
CHROMATICITY_STEPS, LUMINANCE_STEPS = 50_000, 10_000
"""Steps of ST 2086 in 1 of x and y, and in 1 cd/m2."""


@dataclass(frozen=True)
class EncoderOptions:
    """The encoder's option for metadata and the keywords in its value; `in_steps`: numbers count ST 2086's steps."""

    option: str
    mastering_display: str
    content_light: str
    in_steps: bool


ENCODER_OPTIONS = {
    "libx264": EncoderOptions("x264-params", "mastering-display", "cll", True),
    "libx265": EncoderOptions("x265-params", "master-display", "max-cll", True),
    "libsvtav1": EncoderOptions("svtav1-params", "mastering-display", "content-light", False),
}


@dataclass(frozen=True)
class MasteringDisplay:
    """The display on which a video was mastered: x and y of red, green, blue and white; its luminance range in cd/m2."""

    red: Point
    green: Point
    blue: Point
    white: Point
    minimum: Fraction
    maximum: Fraction


@dataclass(frozen=True)
class StaticMetadata:
    """The metadata that holds for all pictures of a video; light levels in cd/m2, 0 where unknown.

    `dynamic` names metadata that changes from picture to picture. It no longer fits once the pictures are painted.
    """

    display: MasteringDisplay | None = None
    content_light: int = 0
    frame_average_light: int = 0
    dynamic: tuple[str, ...] = ()

    @property
    def peak_nits(self) -> float:
        """The brightest light of the video in cd/m2, 0 where the metadata does not state it."""
        return float(self.content_light or (self.display.maximum if self.display else 0))


NO_METADATA = StaticMetadata()


def read_static_metadata(frame: VideoFrame) -> StaticMetadata:
    """Return the metadata in the side data of a decoded frame."""
    content = side_data_of(frame)
    display = content.get("MASTERING_DISPLAY_METADATA")
    content_light, average_light = struct.unpack_from("<2I", content.get("CONTENT_LIGHT_LEVEL", bytes(8)))
    dynamic = tuple(sorted({name for key, name in DYNAMIC.items() if key in content}))
    return StaticMetadata(_display(display) if display else None, content_light, average_light, dynamic)


def _display(content: bytes) -> MasteringDisplay | None:
    *numbers, has_primaries, has_luminance = struct.unpack_from(MASTERING_LAYOUT, content)
    if not (has_primaries and has_luminance and all(numbers[1::2])):
        return None
    values = [Fraction(above, below) for above, below in zip(numbers[::2], numbers[1::2], strict=True)]
    red, green, blue, white = ((values[index], values[index + 1]) for index in range(0, 8, 2))
    return MasteringDisplay(red, green, blue, white, *values[8:])


def writes_static_metadata(encoder: str) -> bool:
    """Return whether `encoder` writes static metadata into its stream."""
    return encoder in ENCODER_OPTIONS


def metadata_options(encoder: str, metadata: StaticMetadata) -> dict[str, str]:
    """Return the options with which `encoder` writes the metadata into its stream; none if it cannot."""
    options = ENCODER_OPTIONS.get(encoder)
    if options is None:
        return {}
    values = []
    if metadata.display:
        values.append(f"{options.mastering_display}={_display_value(metadata.display, options.in_steps)}")
    if metadata.content_light:
        values.append(f"{options.content_light}={metadata.content_light},{metadata.frame_average_light}")
    return {options.option: ":".join(values)} if values else {}


def _display_value(display: MasteringDisplay, in_steps: bool) -> str:
    """Return a display as encoders take it: G(x,y)B(x,y)R(x,y)WP(x,y)L(maximum,minimum)."""

    def number(value: Fraction, steps: int) -> str:
        return str(round(value * steps)) if in_steps else f"{float(value):g}"

    points = {"G": display.green, "B": display.blue, "R": display.red, "WP": display.white}
    chromaticities = [
        f"{name}({','.join(number(value, CHROMATICITY_STEPS) for value in xy)})" for name, xy in points.items()
    ]
    luminances = [number(value, LUMINANCE_STEPS) for value in (display.maximum, display.minimum)]
    return f"{''.join(chromaticities)}L({','.join(luminances)})"
