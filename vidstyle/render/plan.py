"""The plan of one video: sizes, coded form, container, tracks and colours, made before its first frame is painted."""

from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Self

from vidstyle.media.clip import Clip
from vidstyle.media.codecs import TargetContainer, container_of
from vidstyle.media.muxing.header_trial import admitted
from vidstyle.media.tracks import TrackPlan, plan_tracks
from vidstyle.media.write import VideoForm, bits_of, choose_pixel_format, writable_colour
from vidstyle.render.colour_plan import ColourPlan, check_depth, choose_encoder, colour_warnings, plan_colour
from vidstyle.render.settings import RenderSettings
from vidstyle.render.sizes import Sizes


@dataclass(frozen=True)
class VideoPlan:
    """One video's source, sizes, coded form, container and colours, and the tracks that go along.

    `upscaler` is its name or file, None where none is used. `finish` is what `--finish auto` stands for. `frames` is how many
    will come, None where that is not known.
    """

    clip: Clip
    sizes: Sizes
    form: VideoForm
    container: TargetContainer
    tracks: TrackPlan
    colours: ColourPlan
    upscaler: str | None
    finish: str
    frames: int | None
    warnings: tuple[str, ...]

    @property
    def sixteen_bit(self) -> bool:
        """Whether the result holds more than 8 bits a channel, so that its frames are painted with 16."""
        return bits_of(self.form.pixel_format) > 8

    @property
    def needed_bytes(self) -> int:
        """A low estimate of the disk space that the result and its making take; 0 where the length is unknown."""
        bits = (self.frames or 0) * self.form.width * self.form.height * self.form.codec.bits_per_pixel
        sound = self.clip.path.stat().st_size // 10 if self.tracks.tracks else 0
        return round(2 * bits / 8) + sound if self.frames else 0

    def record(self) -> dict[str, Any]:
        """Return the plan as JSON can hold it, for the manifest."""
        form = self.form
        return {
            "source_size": self.sizes.source,
            "painted_size": self.sizes.painted,
            "result_size": self.sizes.result,
            "finish": self.finish,
            "upscaler": self.upscaler,
            "container": self.container.name,
            "encoder": form.codec.name,
            "encoder_options": form.options(),
            "pixel_format": form.pixel_format,
            "time_base": str(form.time_base),
            "sample_aspect": str(form.sample_aspect),
            "colour": asdict(form.colour),
            "networks_see": asdict(self.colours.view) if self.colours.view else "the source's own signals",
            "tracks": [f"{track.kind} {track.index}: {track.codec}, {track.encoder}" for track in self.tracks.tracks],
        }

    def coded_as(self, record: dict[str, Any]) -> Self:
        """Return the plan with the encoder's preset of an earlier one, whose `record` this is: segments of both are joined."""
        form = self.form
        return replace(self, form=replace(form, preset=record["encoder_options"].get(form.codec.speed)))


def plan_video(
    clip: Clip,
    target: Path,
    sizes: Sizes,
    upscaler_name: str | None,
    settings: RenderSettings,
    *,
    real_time: bool = False,
) -> VideoPlan:
    """Return the plan for `clip`, painted at `sizes` and enlarged by the upscaler of that name, None being none.

    `real_time`: painting takes so little of the processors that coding is to take little too, where no preset is asked for.
    Raises SettingsError, OutputError or InputError where clip, target and settings do not fit together.
    """
    container = container_of(target)
    colours = plan_colour(clip, settings.hdr)
    form = _form(clip, container, sizes, colours, settings, real_time=real_time)
    asked = plan_tracks(clip, container, audio=settings.audio, subtitles=settings.subtitles)
    tracks = admitted(asked, clip, container)
    return VideoPlan(
        clip=clip,
        sizes=sizes,
        form=form,
        container=container,
        tracks=tracks,
        colours=colours,
        upscaler=upscaler_name,
        finish=settings.decided_finish,
        frames=_expected_frames(clip, settings),
        warnings=(*colour_warnings(clip, colours, form), *tracks.warnings),
    )


def _form(
    clip: Clip,
    container: TargetContainer,
    sizes: Sizes,
    colours: ColourPlan,
    settings: RenderSettings,
    *,
    real_time: bool,
) -> VideoForm:
    width, height = sizes.result
    codec = choose_encoder(settings.codec, container, colours)
    pixel_format = choose_pixel_format(codec, settings.pix_fmt, width, height, colours.bit_depth)
    check_depth(colours, codec, pixel_format)
    return VideoForm(
        codec=codec,
        width=width,
        height=height,
        pixel_format=pixel_format,
        time_base=clip.time_base,
        frame_rate=clip.frame_rate,
        sample_aspect=clip.upright_aspect,
        colour=writable_colour(colours.colour, pixel_format, codec),
        crf=settings.crf,
        preset=settings.preset or (codec.quick if real_time else None),
        metadata=colours.metadata,
    )


def _expected_frames(clip: Clip, settings: RenderSettings) -> int | None:
    """Return how many frames will come, None where the file does not say; for display and the space on the disk."""
    if settings.start is None and settings.end is None and clip.frames:
        return clip.frames
    length = clip.duration
    if settings.end is not None:
        asked = Fraction(settings.end)
        length = asked if length is None else min(length, asked)
    if length is None:
        return None
    return max(1, round((length - Fraction(settings.start or 0)) * clip.frame_rate))
