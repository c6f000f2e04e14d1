"""How a video's colours go through a render: what the networks see of them, and what the result holds and is tagged with."""

from dataclasses import dataclass

from torch import Tensor

from vidstyle.errors import SettingsError
from vidstyle.media.clip import Clip, Colour
from vidstyle.media.codecs import CODECS, TargetContainer, VideoCodec, choose_codec
from vidstyle.media.colour import check_readable
from vidstyle.media.hdr_metadata import NO_METADATA, StaticMetadata, writes_static_metadata
from vidstyle.media.tonemap import SDR_COLOUR, Bt709View, hdr_colour, view_of
from vidstyle.media.write import VideoForm, bits_of

SDR_BITS, HDR_BITS = 8, 10
HDR_ENCODERS = ("libx265", "libsvtav1")
"""What `--codec auto` stands for where the result stays in high dynamic range: the first that the container takes."""


@dataclass(frozen=True)
class ColourPlan:
    """The colours that the networks see of a video, and those of its result.

    `view` makes BT.709 of the source's colours, None where they need no change; `goes_back` tells whether the painting is
    brought back from it. `colour`, `bit_depth` and `metadata` are those of the result.
    """

    view: Bt709View | None
    goes_back: bool
    colour: Colour
    bit_depth: int
    metadata: StaticMetadata = NO_METADATA

    def for_networks(self, source: Tensor) -> Tensor:
        """Return (n, 3, h, w) signals of the source as the networks see them; all in [0, 1]."""
        return self.view.to_bt709(source) if self.view else source

    def source_for_result(self, source: Tensor, seen: Tensor) -> Tensor:
        """Return (n, 3, h, w) signals of the source as signals of the result; `seen` is the source as networks see it."""
        return seen if self.view and not self.goes_back else source

    def for_result(self, painted: Tensor) -> Tensor:
        """Return (n, 3, h, w) painted pictures as signals of the result; all in [0, 1]."""
        return self.view.from_bt709(painted) if self.view and self.goes_back else painted


PLAIN = ColourPlan(None, False, Colour(), SDR_BITS)
"""Pictures that are BT.709 or sRGB already, as those of image files are."""


def plan_colour(clip: Clip, hdr: str) -> ColourPlan:
    """Return the plan for `clip` with `hdr` being `tonemap` or `keep`; raises InputError for colours that cannot be read.

    Tone mapping gives BT.709 with 8 bits, for every player. Everything else keeps its tags and depth.
    """
    check_readable(clip)
    view = view_of(clip.colour, clip.metadata)
    if not clip.colour.is_hdr:
        return ColourPlan(view, True, clip.colour, clip.bit_depth)
    if hdr == "keep":
        return ColourPlan(view, True, hdr_colour(clip.colour), HDR_BITS, clip.metadata)
    return ColourPlan(view, False, SDR_COLOUR, SDR_BITS)


def choose_encoder(name: str, container: TargetContainer, colours: ColourPlan) -> VideoCodec:
    """Return the encoder called `name`; `auto` chooses one for the colours. Raises SettingsError when they do not fit."""
    if name == "auto" and colours.colour.is_hdr:
        name = next(encoder for encoder in HDR_ENCODERS if container.name in CODECS[encoder].containers)
    return choose_codec(name, container)


def check_depth(colours: ColourPlan, codec: VideoCodec, pixel_format: str) -> None:
    """Raise SettingsError when a result of high dynamic range would have too few bits."""
    if colours.colour.is_hdr and bits_of(pixel_format) < HDR_BITS:
        raise SettingsError(
            f"{codec.name} with {pixel_format} has {bits_of(pixel_format)} bits a channel, and --hdr keep needs "
            f"{HDR_BITS}. Choose --codec {' or '.join(HDR_ENCODERS)} without --pix-fmt, or --hdr tonemap."
        )


def colour_warnings(clip: Clip, colours: ColourPlan, form: VideoForm) -> tuple[str, ...]:
    """Return warnings about depth and metadata of the source that the result cannot keep."""
    encoder, bits = form.codec.name, bits_of(form.codec.pixel_formats[1])
    lost = []
    if bits < min(colours.bit_depth, HDR_BITS):
        lost.append(
            f"The result has {bits} bits a channel, its source {colours.bit_depth}: {encoder} writes no more here. "
            "Choose another --codec."
        )
    if colours.colour.is_hdr:
        lost += [
            f"{name} is left out: it describes the pictures before they were painted." for name in clip.metadata.dynamic
        ]
    if (form.metadata.display or form.metadata.content_light) and not writes_static_metadata(encoder):
        lost.append(f"The mastering display and light levels are left out: {encoder} has no place for them.")
    return tuple(f"{clip.path}: {text}" for text in lost)
