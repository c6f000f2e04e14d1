"""Which tracks of a source go with its painted video into a container, which must be converted and which cannot go."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from math import lcm
from struct import unpack
from typing import TYPE_CHECKING, Any

from vidstyle.media.clip import Clip
from vidstyle.media.codecs import TargetContainer
from vidstyle.media.probe import open_source

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.stream import Stream

COPY = "copy"
KIND_WORDS = {"audio": "sound"}
TEXT_SUBTITLES = ("subrip", "ass", "webvtt", "mov_text", "text", "hdmv_text_subtitle")
VIDEO_TAGS = ("language", "handler_name", "timecode", "creation_time")
PACKETS_UNTIL_SOUND = 400
HIGHEST_TIMESCALE = 2**31 - 1


@dataclass(frozen=True)
class Track:
    """One track to carry over: its index in the source, kind, codec, language, title and the encoder, or `copy`.

    `priming_seconds` are what a player leaves out at the start of the copied track, wherever that may be.
    """

    index: int
    kind: str
    codec: str
    language: str
    encoder: str = COPY
    priming_seconds: Fraction = Fraction(0)
    title: str = ""


@dataclass(frozen=True)
class TrackPlan:
    """The tracks that go along, the source's tags for the video track, ticks a second, what is to be said.

    `video_ticks` count the video's times, `timescale` the moments at which tracks begin.
    """

    tracks: tuple[Track, ...]
    video_tags: dict[str, str]
    video_ticks: int
    timescale: int
    notices: tuple[str, ...]
    warnings: tuple[str, ...]

    def of_kind(self, kind: str) -> tuple[Track, ...]:
        """The tracks of one kind, in the source's order."""
        return tuple(track for track in self.tracks if track.kind == kind)


def plan_tracks(clip: Clip, container: TargetContainer, *, audio: bool, subtitles: bool) -> TrackPlan:
    """Return what becomes of each track of `clip` besides the painted one; raises InputError."""
    wanted = {"audio": audio, "subtitle": subtitles}
    tracks: list[Track] = []
    notices: list[str] = []
    warnings: list[str] = []
    with open_source(clip.path) as source:
        tags = source.streams[clip.video_index].metadata
        rates = [stream.codec_context.sample_rate for stream in source.streams.audio if stream.codec_context]
        priming = {} if container.keeps_ticks else _priming(source)
        for stream in source.streams:
            if (
                stream.index == clip.video_index
                or _is_chapters(stream, source)
                or not wanted.get(str(stream.type), True)
            ):
                continue
            track, said = _decide(stream, container)
            if track is not None:
                left_out = priming.get(track.index, Fraction(0)) if track.encoder == COPY else Fraction(0)
                tracks.append(replace(track, priming_seconds=left_out))
            (notices if track or stream.type == "attachment" else warnings).extend(
                f"{clip.path}: {one}" for one in said
            )
        video_tags = {name: tags[name] for name in VIDEO_TAGS if name in tags}
        video_tags["title"] = _title(source.streams[clip.video_index])
    ticks = clip.time_base.denominator
    return TrackPlan(tuple(tracks), video_tags, ticks, _timescale(ticks, rates), tuple(notices), tuple(warnings))


def _decide(stream: Stream, container: TargetContainer) -> tuple[Track | None, list[str]]:
    """Return the track as it goes along, None when it cannot, and what the user should know."""
    kind = str(stream.type)
    codec = stream.codec_context.codec.canonical_name if stream.codec_context else ""
    language = stream.metadata.get("language", "und")
    described = ", ".join(
        [codec or stream.metadata.get("filename", "unknown"), *([language] if language != "und" else [])]
    )
    named = f"{KIND_WORDS.get(kind, kind)} track {stream.index} ({described})"
    encoder = _encoder(stream, kind, codec, container)
    if encoder is None:
        return None, _left_out(stream, kind, named, container)
    track = Track(stream.index, kind, codec, language, encoder, title=_title(stream))
    return track, [] if encoder == COPY else [f"{named} becomes {encoder}: {container.name} does not hold it as it is."]


def _title(stream: Stream) -> str:
    """Return the title of a track, which mp4 and mov call its name."""
    return stream.metadata.get("title") or stream.metadata.get("name", "")


def _is_chapters(stream: Any, source: InputContainer) -> bool:
    """Whether a track of mp4 or mov holds the names of chapters, which are written anew."""
    return stream.type == "data" and 0 < len(source.chapters()) == len(stream.index_entries)


def _encoder(stream: Stream, kind: str, codec: str, container: TargetContainer) -> str | None:
    if kind == "attachment":
        return COPY if container.attachments else None
    if kind == "audio" and codec:
        return COPY if codec in container.audio or not container.audio else container.audio_fallback
    if kind == "subtitle" and codec in container.subtitles:
        return COPY
    if kind == "subtitle" and codec in TEXT_SUBTITLES:
        return container.subtitle_fallback
    return COPY if kind == "video" and container.covers and _is_cover(stream) else None


def _left_out(stream: Stream, kind: str, named: str, container: TargetContainer) -> list[str]:
    if kind == "data" and "timecode" in stream.metadata:
        return []
    if kind == "video" and not _is_cover(stream):
        return [f"{named} is left out: only one video track is painted."]
    return [f"{named} is left out: {container.name} cannot hold it."]


def _is_cover(stream: Any) -> bool:
    from av.stream import Disposition

    return bool(stream.disposition & Disposition.attached_pic)


def _priming(source: InputContainer) -> dict[int, Fraction]:
    """Return the seconds of sound, by track, that the first packet says are not to be heard.

    Matroska keeps that length for the whole track (CodecDelay), so it is left out at the beginning of a cut as well.
    """
    heard = {stream.index: stream.codec_context for stream in source.streams.audio if stream.codec_context}
    found: dict[int, Fraction] = {}
    for packet in islice(source.demux(), PACKETS_UNTIL_SOUND):
        context = heard.pop(packet.stream_index, None)
        if context is not None and packet.has_sidedata("skip_samples") and context.sample_rate:
            (samples,) = unpack("<I", bytes(packet.get_sidedata("skip_samples"))[:4])
            found[packet.stream_index] = Fraction(samples, context.sample_rate)
        if not heard:
            break
    return found


def _timescale(video_ticks: int, sample_rates: list[int]) -> int:
    """Return ticks a second in which the first picture's time and every sample's are whole, if 31 bits suffice."""
    common = lcm(video_ticks, *(rate for rate in sample_rates if rate))
    return common if common <= HIGHEST_TIMESCALE else video_ticks
