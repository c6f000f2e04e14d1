"""Which tracks of a source go with its painted video into a container, which must be converted and which cannot go."""

from __future__ import annotations

from dataclasses import dataclass
from math import lcm
from typing import TYPE_CHECKING, Any

from vidstyle.media.clip import Clip
from vidstyle.media.codecs import TargetContainer
from vidstyle.media.probe import open_source

if TYPE_CHECKING:
    from av.stream import Stream

COPY = "copy"
KIND_WORDS = {"audio": "sound"}
TEXT_SUBTITLES = ("subrip", "ass", "webvtt", "mov_text", "text", "hdmv_text_subtitle")
VIDEO_TAGS = ("language", "title", "handler_name", "timecode", "creation_time")
HIGHEST_TIMESCALE = 2**31 - 1


@dataclass(frozen=True)
class Track:
    """One track to carry over: its index in the source, kind, codec, language and the encoder, or `copy`."""

    index: int
    kind: str
    codec: str
    language: str
    encoder: str = COPY


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
    wanted = {"audio": audio, "subtitle": subtitles, "attachment": container.attachments}
    tracks: list[Track] = []
    notices: list[str] = []
    warnings: list[str] = []
    with open_source(clip.path) as source:
        tags = source.streams[clip.video_index].metadata
        rates = [stream.codec_context.sample_rate for stream in source.streams.audio if stream.codec_context]
        for stream in source.streams:
            if stream.index == clip.video_index or not wanted.get(str(stream.type), True):
                continue
            track, said = _decide(stream, container)
            if track is not None:
                tracks.append(track)
            (warnings if track is None else notices).extend(f"{clip.path}: {one}" for one in said)
    video_tags = {name: tags[name] for name in VIDEO_TAGS if name in tags}
    ticks = clip.time_base.denominator
    return TrackPlan(tuple(tracks), video_tags, ticks, _timescale(ticks, rates), tuple(notices), tuple(warnings))


def _decide(stream: Stream, container: TargetContainer) -> tuple[Track | None, list[str]]:
    """Return the track as it goes along, None when it cannot, and what the user should know."""
    kind = str(stream.type)
    codec = stream.codec_context.codec.canonical_name if stream.codec_context else ""
    language = stream.metadata.get("language", "und")
    described = ", ".join([codec or "unknown", *([language] if language != "und" else [])])
    named = f"{KIND_WORDS.get(kind, kind)} track {stream.index} ({described})"
    encoder = _encoder(stream, kind, codec, container)
    if encoder is None:
        return None, _left_out(stream, kind, named, container)
    track = Track(stream.index, kind, codec, language, encoder)
    return track, [] if encoder == COPY else [f"{named} becomes {encoder}: {container.name} does not hold it as it is."]


def _encoder(stream: Stream, kind: str, codec: str, container: TargetContainer) -> str | None:
    if kind == "attachment":
        return COPY
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


def _timescale(video_ticks: int, sample_rates: list[int]) -> int:
    """Return ticks a second in which the first picture's time and every sample's are whole, if 31 bits suffice."""
    common = lcm(video_ticks, *(rate for rate in sample_rates if rate))
    return common if common <= HIGHEST_TIMESCALE else video_ticks
