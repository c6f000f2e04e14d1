"""The plan of a source's tracks: which go into the result as they are, which are converted, which are left out."""

from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import islice
from math import lcm
from struct import unpack
from typing import Any

from av.container import InputContainer
from av.stream import Disposition, Stream

from vidstyle.media.clip import Clip
from vidstyle.media.codecs import CONTAINERS, TargetContainer
from vidstyle.media.edit_list import is_mov
from vidstyle.media.muxing.late_tracks import first_bytes_of, reading_up_to
from vidstyle.media.muxing.technical_tags import chosen_tags
from vidstyle.media.probe import open_source, readable_packets_of

COPY = "copy"
KIND_WORDS = {"audio": "sound"}
TEXT_SUBTITLES = ("subrip", "ass", "webvtt", "mov_text", "text", "hdmv_text_subtitle")
UNTRUE_OF_VIDEO = ("alpha_mode", "encoder", "rotate", "stereo_mode", "vendor_id")
"""Tags of the source's video track that are not true of the painted one, or that side data says better."""
FILE_TAGS = ("major_brand", "minor_version", "compatible_brands", "encoder")
"""Tags that a source says of its own file, and that are not true of the result."""
STATISTICS = ("_statistics", "bps", "duration", "number_of_bytes", "number_of_frames", "source_id")
"""How tags begin in which a Matroska writer counts what it wrote."""
PACKETS_UNTIL_SOUND = 400
HIGHEST_TIMESCALE = 2**31 - 1


@dataclass(frozen=True)
class Track:
    """One track to carry over: its index in the source, kind, codec, encoder (or `copy`), and its tags in the result.

    `priming_seconds`: a player leaves out that much at the start of the copied track, wherever that start may be.
    `in_pieces`: there may be gaps between its packets, which are silence. `mixed`: its sound is put into one of the usual
    channel layouts. `name` is for messages.
    """

    index: int
    kind: str
    codec: str
    encoder: str
    tags: dict[str, str]
    priming_seconds: Fraction = Fraction(0)
    in_pieces: bool = False
    mixed: bool = False
    name: str = ""


@dataclass(frozen=True)
class TrackPlan:
    """The tracks that go along, the tags of the file and of its video track, and messages for the user.

    `video_ticks` a second count the video's times, `timescale` ticks a second the moments at which tracks begin. `reading`
    are options with which ffmpeg finds what all tracks hold. `begins_in_front`: the first bytes of the file can be read
    without the others.
    """

    tracks: tuple[Track, ...]
    file_tags: dict[str, str]
    video_tags: dict[str, str]
    video_ticks: int
    timescale: int
    notices: tuple[str, ...]
    warnings: tuple[str, ...]
    reading: dict[str, str] = field(default_factory=dict)
    begins_in_front: bool = False

    def of_kind(self, kind: str) -> tuple[Track, ...]:
        """Return the tracks of one kind, in the source's order."""
        return tuple(track for track in self.tracks if track.kind == kind)


def plan_tracks(clip: Clip, container: TargetContainer, *, audio: bool, subtitles: bool) -> TrackPlan:
    """Return what becomes of each track of `clip` besides the video; raises InputError.

    `audio` and `subtitles`: whether tracks of these kinds are wanted.
    """
    wanted = {"audio": audio, "subtitle": subtitles}
    tracks: list[Track] = []
    notices: list[str] = []
    warnings: list[str] = []
    with open_source(clip.path) as source:
        video = source.streams[clip.video_index]
        priming = {} if container.keeps_ticks else priming_of(source)
        unseen = [sound.index for sound in source.streams.audio if audio and not _is_known(sound)]
        first_bytes = first_bytes_of(clip.path, unseen)
        for stream in source.streams:
            if stream.index == clip.video_index or _is_chapters(stream, source):
                continue
            if not wanted.get(str(stream.type), True):
                continue
            if stream.index in unseen and stream.index not in first_bytes:
                notices.append(f"{clip.path}: {_name(stream)} is left out: it is announced, and holds no sound.")
                continue
            track, messages = _decide(stream, container)
            if track is not None:
                seconds = priming.get(track.index, Fraction(0)) if track.encoder == COPY else Fraction(0)
                tracks.append(replace(track, priming_seconds=seconds))
            level = notices if track or stream.type == "attachment" else warnings
            level.extend(f"{clip.path}: {message}" for message in messages)
        rates = [sound.codec_context.sample_rate for sound in source.streams.audio if sound.codec_context]
        chosen = chosen_tags(source.metadata, source.format.name)
        file_tags = {name: value for name, value in chosen.items() if name.lower() not in FILE_TAGS}
        video_tags = _video_tags(video, container) | clip.upright_projection.stereo_tags(container.name)
        begins_in_front = not is_mov(source)
    ticks = clip.time_base.denominator
    timescale = _timescale(ticks, rates)
    return TrackPlan(
        tuple(tracks),
        file_tags,
        video_tags,
        ticks,
        timescale,
        tuple(notices),
        tuple(warnings),
        reading_up_to(max(first_bytes.values(), default=0)),
        begins_in_front,
    )


def _decide(stream: Stream, container: TargetContainer) -> tuple[Track | None, list[str]]:
    """Return the track as it goes along, None when it cannot, and what the user should know."""
    kind, codec, name = str(stream.type), _codec(stream), _name(stream)
    encoder = _encoder(stream, kind, codec, container)
    if encoder is None:
        return None, _left_out(stream, kind, name, container)
    track = Track(stream.index, kind, codec, encoder, _track_tags(stream, encoder, container), name=name)
    return track, [] if encoder == COPY else [becomes(name, encoder, container)]


def _codec(stream: Stream) -> str:
    return stream.codec_context.codec.canonical_name if stream.codec_context else ""


def _name(stream: Stream) -> str:
    """Return how messages call a track."""
    kind, language = str(stream.type), stream.metadata.get("language", "und")
    known = [_codec(stream) or stream.metadata.get("filename", "unknown"), *([language] if language != "und" else [])]
    return f"{KIND_WORDS.get(kind, kind)} track {stream.index} ({', '.join(known)})"


def _is_known(stream: Any) -> bool:
    """Return whether the beginning of the file tells what a track of sound holds, or its codec is not known at all."""
    context = stream.codec_context
    return context is None or bool(context.sample_rate and context.layout.nb_channels)


def _track_tags(stream: Stream, encoder: str, container: TargetContainer) -> dict[str, str]:
    """Return the tags of a track in the result: its own, save that of an encoder that did not make it."""
    untrue = () if encoder == COPY else ("encoder",)
    return _named(_tags_but(untrue, stream), stream, container)


def _video_tags(video: Stream, container: TargetContainer) -> dict[str, str]:
    return _named(_tags_but(UNTRUE_OF_VIDEO, video), video, container)


def _tags_but(untrue: tuple[str, ...], stream: Stream) -> dict[str, str]:
    """Return the tags of a track without untrue ones and statistics."""
    return {
        name: value
        for name, value in chosen_tags(stream.metadata, stream.container.format.name).items()
        if name.lower() not in untrue and not name.lower().startswith(STATISTICS)
    }


def _named(tags: dict[str, str], stream: Stream, container: TargetContainer) -> dict[str, str]:
    """Return tags with the title of a track, which mp4 and mov call its name, and the language as the container calls it."""
    language = tags.get("language", "")
    title = stream.metadata.get("title") or stream.metadata.get("name", "")
    tags = tags | {"language": container.languages.get(language, language), "title": title}
    return {name: value for name, value in tags.items() if value}


def _is_chapters(stream: Any, source: InputContainer) -> bool:
    """Return whether a track of mp4 or mov holds the names of chapters, which the program writes itself."""
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
    return COPY if kind == "video" and codec in container.covers and _is_cover(stream) else None


def _left_out(stream: Stream, kind: str, name: str, container: TargetContainer) -> list[str]:
    if kind == "data" and "timecode" in stream.metadata:
        return []
    if kind == "video" and not _is_cover(stream):
        return [f"{name} is left out: only one video track is painted."]
    codec = _codec(stream)
    holds = [other for other in CONTAINERS.values() if kind != "data" and _encoder(stream, kind, codec, other)]
    way_out = f" Choose .{holds[0].name} to keep it." if holds else ""
    return [f"{name} is left out: {container.name} cannot hold it.{way_out}"]


def becomes(name: str, encoder: str, container: TargetContainer) -> str:
    """Return the sentence that a track is converted."""
    return f"{name} becomes {encoder}: {container.name} does not hold it as it is."


def _is_cover(stream: Any) -> bool:
    return bool(stream.disposition & Disposition.attached_pic)


def priming_of(source: InputContainer) -> dict[int, Fraction]:
    """Return the seconds of sound, by track, that a player must leave out as the first packet says.

    Matroska keeps that length for the whole track (CodecDelay), so it is left out at the beginning of a cut as well.
    """
    awaited = {stream.index: stream.codec_context for stream in source.streams.audio if stream.codec_context}
    seconds: dict[int, Fraction] = {}
    for packet in islice(readable_packets_of(source), PACKETS_UNTIL_SOUND):
        context = awaited.pop(packet.stream_index, None)
        if context is not None and packet.has_sidedata("skip_samples") and context.sample_rate:
            (samples,) = unpack("<I", bytes(packet.get_sidedata("skip_samples"))[:4])
            seconds[packet.stream_index] = Fraction(samples, context.sample_rate)
        if not awaited:
            break
    return seconds


def _timescale(video_ticks: int, sample_rates: list[int]) -> int:
    """Return ticks a second in which the times of all pictures and samples are whole, if 31 bits suffice."""
    common = lcm(video_ticks, *(rate for rate in sample_rates if rate))
    return common if common <= HIGHEST_TIMESCALE else video_ticks
