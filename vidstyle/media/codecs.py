"""The tables of video encoders and of containers: what each can hold, and which container takes which encoder."""

from dataclasses import dataclass, field
from pathlib import Path

from vidstyle.errors import OutputError, SettingsError

ALL_CHROMA_LOCATIONS = ("left", "center", "topleft", "top", "bottomleft", "bottom")
Formats = tuple[str, str]
"""Pixel formats for pictures of 8 bits a channel, and of more."""

HALVED: Formats = ("yuv420p", "yuv420p10le")
WHOLE: Formats = ("yuv444p", "yuv444p10le")


@dataclass(frozen=True)
class VideoCodec:
    """One encoder: the containers that take it, its pixel formats and the names of its options.

    `odd_pixel_formats` are for odd widths and heights, which several encoders refuse in 4:2:0. `quality` is the name
    of the option that takes --crf, and `speed` of the one that takes --preset; "" where there is none.
    `quick` is the value of `speed` where painting takes little more time than coding: with the encoder's own a render would
    take up to half as long again, for a likeness that nobody sees. `intermediate_suffix` is the container of painted segments
    until their sound is added; times and colour stay exact in it.
    `chroma_locations` are ffmpeg's names of the places of chroma samples that the stream, or its container, can state.
    `bits_per_pixel` is a low estimate of a result's size, from which the needed free space follows.
    """

    name: str
    containers: tuple[str, ...]
    pixel_formats: Formats
    odd_pixel_formats: Formats
    quality: str = "crf"
    speed: str = "preset"
    quick: str | None = None
    options: dict[str, str] = field(default_factory=dict)
    tag: str = ""
    full_range: bool = True
    chroma_locations: tuple[str, ...] = ()
    bits_per_pixel: float = 0.08
    intermediate_suffix: str = ".mp4"

    def pixel_format_for(self, width: int, height: int, bit_depth: int) -> str:
        """Return the pixel format for pictures of `width` x `height` pixels and `bit_depth` bits a channel."""
        odd = bool(width % 2 or height % 2)
        return (self.odd_pixel_formats if odd else self.pixel_formats)[bit_depth > 8]


CODECS: dict[str, VideoCodec] = {
    codec.name: codec
    for codec in (
        VideoCodec(
            "libx264",
            ("mp4", "mov", "mkv"),
            HALVED,
            WHOLE,
            quick="veryfast",
            options={"x264-params": "cpu-independent=1"},
            tag="avc1",
            chroma_locations=ALL_CHROMA_LOCATIONS,
        ),
        VideoCodec(
            "libx265",
            ("mp4", "mov", "mkv"),
            HALVED,
            WHOLE,
            options={"x265-params": "log-level=none"},
            tag="hvc1",
            chroma_locations=ALL_CHROMA_LOCATIONS,
        ),
        VideoCodec(
            "libsvtav1",
            ("mp4", "mkv", "webm"),
            HALVED,
            HALVED,
            chroma_locations=("left", "topleft"),
            bits_per_pixel=0.05,
        ),
        VideoCodec(
            "libvpx-vp9",
            ("webm", "mkv", "mp4"),
            ("yuv420p", "yuv420p"),
            ("yuv420p", "yuv420p"),
            speed="cpu-used",
            options={"b": "0", "row-mt": "1", "cpu-used": "4"},
        ),
        VideoCodec(
            "prores_ks",
            ("mov", "mkv"),
            ("yuv422p10le", "yuv422p10le"),
            ("yuv422p10le", "yuv422p10le"),
            quality="",
            speed="profile",
            full_range=False,
            bits_per_pixel=2.0,
            intermediate_suffix=".mov",
        ),
        VideoCodec(
            "ffv1",
            ("mkv",),
            HALVED,
            HALVED,
            quality="",
            speed="",
            options={"level": "3"},
            chroma_locations=("left", "center", "topleft", "top"),
            bits_per_pixel=3.0,
            intermediate_suffix=".mkv",
        ),
    )
}


@dataclass(frozen=True)
class TargetContainer:
    """One container to write: its default video codec and what it holds without conversion.

    `audio` and `subtitles` name the codecs that are copied; () means every codec that ffmpeg writes. Other sound becomes
    `audio_fallback`, other text subtitles become `subtitle_fallback`. `covers` names the codecs of cover
    pictures that it holds. `keeps_ticks`: a track keeps the source's time base. `languages` renames the ISO 639 codes for
    which the container has other ones.
    """

    name: str
    video: str
    audio: tuple[str, ...]
    audio_fallback: str
    subtitles: tuple[str, ...]
    subtitle_fallback: str
    attachments: bool
    covers: tuple[str, ...]
    keeps_ticks: bool
    languages: dict[str, str] = field(default_factory=dict)


_MOV_AUDIO = ("aac", "mp3", "mp2", "ac3", "eac3", "alac")
_PCM = ("pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be", "pcm_f32le", "pcm_f32be")
_MOV_LANGUAGES = {
    **{"deu": "ger", "nld": "dut", "ell": "gre", "isl": "ice", "zho": "chi", "sqi": "alb", "mkd": "mac", "hye": "arm"},
    **{"kat": "geo", "bod": "tib", "mya": "bur", "msa": "may", "cym": "wel", "eus": "baq"},
    **{"fre": "fra", "rum": "ron", "cze": "ces", "slo": "slk"},
}
"""QuickTime's own list has one of the two codes of each of these languages."""
_MKV_SUBTITLES = ("subrip", "ass", "webvtt", "hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle", "hdmv_text_subtitle")

CONTAINERS: dict[str, TargetContainer] = {
    ".mp4": TargetContainer(
        "mp4",
        "libx264",
        (*_MOV_AUDIO, "dts", "opus", "vorbis", "flac", *_PCM),
        "aac",
        ("mov_text", "dvd_subtitle"),
        "mov_text",
        attachments=False,
        covers=("mjpeg", "png", "bmp"),
        keeps_ticks=True,
    ),
    ".mov": TargetContainer(
        "mov",
        "libx264",
        (*_MOV_AUDIO, "amr_nb", "amr_wb", *_PCM, "pcm_u8", "pcm_alaw", "pcm_mulaw"),
        "aac",
        ("mov_text",),
        "mov_text",
        attachments=False,
        covers=(),
        keeps_ticks=True,
        languages=_MOV_LANGUAGES,
    ),
    ".mkv": TargetContainer(
        "mkv", "libx264", (), "flac", _MKV_SUBTITLES, "subrip", attachments=True, covers=(), keeps_ticks=False
    ),
    ".webm": TargetContainer(
        "webm",
        "libvpx-vp9",
        ("opus", "vorbis"),
        "libopus",
        ("webvtt",),
        "webvtt",
        attachments=False,
        covers=(),
        keeps_ticks=False,
    ),
}


def container_of(target: Path) -> TargetContainer:
    """Return the container that the suffix of `target` names; raises OutputError for others."""
    container = CONTAINERS.get(target.suffix.lower())
    if container is None:
        known = ", ".join(CONTAINERS)
        raise OutputError(
            f"Cannot write {target}: {target.suffix or 'a name without suffix'} is no video container. Use {known}."
        )
    return container


def choose_codec(name: str, container: TargetContainer) -> VideoCodec:
    """Return the encoder called `name`, `auto` being the container's own; raises SettingsError when they do not fit."""
    codec = CODECS[container.video if name == "auto" else name]
    if container.name not in codec.containers:
        fitting = ", ".join(other.name for other in CODECS.values() if container.name in other.containers)
        raise SettingsError(
            f"{container.name} does not hold {codec.name}. Choose --codec {fitting}, or another suffix."
        )
    return codec
