"""Muxing of painted video with the sound, subtitles, chapters and tags of its source, packets and times untouched.

ffmpeg-python composes the command. It takes each option once, and a command may need many tags. So the tags go into
one more input, a file of ffmpeg's metadata format (https://ffmpeg.org/ffmpeg-formats.html#Metadata).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from vidstyle.files import whole_file
from vidstyle.media import ffmpeg
from vidstyle.media.clip import Clip
from vidstyle.media.codecs import TargetContainer
from vidstyle.media.complaints import SOURCE, encodings_of, of_converted, refused_copies
from vidstyle.media.muxing.projection import mark_projection
from vidstyle.media.muxing.tags import keep_tags
from vidstyle.media.muxing.timecode import advanced
from vidstyle.media.muxing.track_options import decimal, encoders, limits, specified
from vidstyle.media.probe import probe
from vidstyle.media.resync_tracks import MovedTracks, tracks_on_one_clock
from vidstyle.media.tracks import COPY, Track, TrackPlan

SEEK_MARGIN_SECONDS = 10
NO_TRACK = "d:999?"
"""A track that no file has. Mapping it keeps a file among the inputs for its chapters and tags alone."""
TAGS = 2
"""The number of this input of the command; the painted video is 0, the source 1."""
LARGEST_ASPECT = Fraction(255)
"""ffmpeg refuses to state that pictures are shown wider than this, or as much higher."""
SAME_STEP_SECONDS = Fraction(1, 500)
"""Durations that differ by no more are the same, rounded to ticks."""
TAG_SPECIAL_CHARACTERS = re.compile(r"[=;#\\\r\n]")
"""What has a meaning in ffmpeg's metadata format, unless a backslash comes before it."""


@dataclass(frozen=True)
class Cut:
    """The range of a source that was painted, `start` to `end` on its own clock, and how much earlier it now plays.

    All in seconds. None: from the first picture, to the last one.
    """

    start: Fraction | None = None
    end: Fraction | None = None
    shift: Fraction = Fraction(0)

    @property
    def shown(self) -> tuple[Fraction | None, Fraction | None]:
        """The range in seconds of the result."""
        start, end = (None if time is None else time - self.shift for time in (self.start, self.end))
        return start, end


@dataclass(frozen=True)
class Showing:
    """How the pictures of a painted video are shown: when the last one is, and for how long, in seconds.

    `in_order`: they are coded in the order in which they are shown. `is_even`: all but the last last equally long.
    """

    last: Fraction
    last_duration: Fraction
    in_order: bool
    is_even: bool


def showing_of(coded_pts: Sequence[int], last_duration: int, time_base: Fraction) -> Showing:
    """Return how pictures are shown that are coded at these times, in ticks of `time_base` seconds."""
    shown = sorted(coded_pts)
    steps = [later - earlier for earlier, later in pairwise(shown)] or [0]
    is_even = (max(steps) - min(steps)) * time_base <= SAME_STEP_SECONDS
    return Showing(shown[-1] * time_base, last_duration * time_base, list(coded_pts) == shown, is_even)


def mux(
    painted: Path,
    clip: Clip,
    plan: TrackPlan,
    container: TargetContainer,
    cut: Cut,
    aspect: Fraction,
    target: Path,
    restarts: int = 0,
    showing: Showing | None = None,
) -> list[str]:
    """Write `painted`, shown at `aspect`, and the planned tracks of `clip` into `target`.

    Copied packets keep payload and time; a cut drops those outside and moves the rest with the pictures. `restarts` says
    how often the pictures' clock started again while they were read. `showing` tells the durations of the pictures, which
    `painted` cannot. Returns sentences on what is lost or wrong: tracks that cannot be put onto one clock, texts that are
    not UTF-8, sound that is too damaged to be copied, and the first error line of decoders. Raises OutputError.
    """
    with tracks_on_one_clock(clip, plan, restarts, painted) as moved:
        left_out = () if moved is None else moved.left_out
        plan = plan if moved is None else replace(plan, tracks=_as_moved(plan.tracks, moved))
        tags = painted.with_suffix(".tags")
        try:
            _write_tags(tags, _with_timecode_of(cut, clip, plan))

            def write(plan: TrackPlan, encodings: dict[int, str]) -> list[str]:
                options = _options(plan, container, cut) | _shape(painted, aspect) | _durations(showing)
                streams = _streams(painted, clip.path, tags, plan.tracks, moved, cut, encodings, plan.reading)
                doing = f"put {clip.path.name}'s sound and subtitles into {target.suffix[1:]}"
                return ffmpeg.run(ffmpeg.command(streams, target, **options), doing, _way_out(plan))

            refused: tuple[Track, ...] = ()
            try:
                lines = write(plan, {})
            except ffmpeg.CommandError as error:
                refused = refused_copies(error.lines, plan.tracks)
                if not refused:
                    raise
                plan = _with_converted(plan, refused, container)
                lines = write(plan, {})
            if encodings := encodings_of(lines, plan.tracks):
                lines = write(plan, encodings)
        finally:
            tags.unlink(missing_ok=True)
    read_as = [f"subtitle track {index} is not UTF-8, it was read as {name}" for index, name in encodings.items()]
    tags_lost = keep_tags(target, plan, container)
    damage = [*read_as, *of_converted(lines, plan.tracks)]
    return [
        *(f"{track.name} is left out: its clock starts again, and it cannot be moved." for track in left_out),
        *(
            f"{track.name} becomes {container.audio_fallback}: it is damaged, and cannot be copied."
            for track in refused
        ),
        *(f"a converted sound or subtitle track is damaged: {line}" for line in damage[:1]),
        *tags_lost,
        *_mark_projection(clip, target, container),
    ]


def _with_converted(plan: TrackPlan, tracks: tuple[Track, ...], container: TargetContainer) -> TrackPlan:
    """Return the plan with these tracks of sound converted."""
    converted = {track.index: replace(track, encoder=container.audio_fallback) for track in tracks}
    return replace(plan, tracks=tuple(converted.get(track.index, track) for track in plan.tracks))


def _mark_projection(clip: Clip, target: Path, container: TargetContainer) -> list[str]:
    """Say in the result how its pictures are meant to be seen; return a sentence on what it cannot say.

    Matroska and WebM have it from tags and from the painted video. ffmpeg would write it into mp4 and mov too, but with a
    box for spatial video beside it, for which readers take the stereo mode as unknown.
    """
    if not clip.projection:
        return []
    if container.keeps_ticks:
        mark_projection(target, clip.upright_projection)
    lost = ", ".join(clip.projection.lost_in(probe(target).projection))
    held_back = f"{container.name} cannot hold it with this codec"
    reason = held_back if clip.upright_projection else "the pictures are turned upright"
    return [f"left out: {lost}; {reason}."] if lost else []


def _streams(
    painted: Path,
    source: Path,
    tags: Path,
    tracks: tuple[Track, ...],
    moved: MovedTracks | None,
    cut: Cut,
    encodings: dict[int, str],
    reading: dict[str, str],
) -> list[Any]:
    """Return the streams of the result: the painted video and the tracks; `source` and `tags` are always inputs.

    `encodings` are those of text tracks that are not UTF-8, and `reading` are options for the source.
    """
    texts = {f"sub_charenc:{index}": name for index, name in encodings.items()}
    video, other = ffmpeg.source(painted), ffmpeg.source(source, **_seek(cut), **texts, **reading)
    tag_file = ffmpeg.source(tags, format="ffmetadata")
    by_track = {track.index: other[str(track.index)] for track in tracks}
    if moved is not None:
        on_one_clock = ffmpeg.source(moved.path, **_seek(cut, moved.late))
        by_track |= {index: on_one_clock[str(number)] for index, number in moved.numbers.items()}
    return [video["v:0"], other[NO_TRACK], tag_file[NO_TRACK], *(by_track[track.index] for track in tracks)]


def _way_out(plan: TrackPlan) -> str:
    """Return what to do where the tracks cannot be written; the pictures are kept for the same command without them."""
    switches = {"--no-audio": plan.of_kind("audio"), "--no-subtitles": plan.of_kind("subtitle")}
    if asked := " ".join(switch for switch, tracks in switches.items() if tracks):
        return f"Check the free space, or give the same command with {asked}."
    return ffmpeg.WAY_OUT


def _as_moved(tracks: tuple[Track, ...], moved: MovedTracks) -> tuple[Track, ...]:
    """Return the tracks as their new file has them, without those that it cannot hold."""
    return tuple(
        replace(
            track,
            priming_seconds=min(track.priming_seconds, moved.priming.get(moved.numbers[track.index], Fraction(0))),
            in_pieces=moved.in_pieces,
        )
        if track.index in moved.numbers
        else track
        for track in tracks
        if track not in moved.left_out
    )


def _options(plan: TrackPlan, container: TargetContainer, cut: Cut) -> dict[str, Any]:
    """Return the options of the result."""
    general = {"c": COPY, "map_chapters": SOURCE, "avoid_negative_ts": "disabled"}
    by_track = {**_tag_options(plan), **encoders(plan.tracks), **limits(plan.tracks, *cut.shown)}
    return {**general, **_ticks(plan, container), **by_track}


def _shape(painted: Path, aspect: Fraction) -> dict[str, str]:
    """Return the option that states how wide pictures are shown, where `painted` cannot: ffmpeg rounds it.

    mp4 and mov state the sample aspect to the digit.
    """
    if painted.suffix != ".mkv" or not 1 / LARGEST_ASPECT <= aspect <= LARGEST_ASPECT:
        return {}
    readable = aspect.limit_denominator(int(LARGEST_ASPECT))
    return {"aspect:v:0": f"{readable.numerator}:{readable.denominator}"}


def _seek(cut: Cut, late: int = 0) -> dict[str, Any]:
    """Return options that shift the clock of a source, which is `late` seconds late, and skip most before the cut."""
    shift = cut.shift + late
    shifted = {"itsoffset": decimal(-shift)} if shift else {}
    if cut.start is None or cut.start < SEEK_MARGIN_SECONDS:
        return shifted
    begin = cut.start + late - SEEK_MARGIN_SECONDS
    return {**shifted, "noaccurate_seek": None, "seek_timestamp": 1, "ss": decimal(begin)}


def _write_tags(path: Path, plan: TrackPlan) -> None:
    """Write the tags of the file, of its video and of each track as ffmpeg's metadata format; raises OutputError."""
    sections = [plan.file_tags, plan.video_tags, *(track.tags for track in plan.tracks)]
    texts = ["".join(f"{_escaped(name)}={_escaped(value)}\n" for name, value in tags.items()) for tags in sections]
    with whole_file(path) as partial:
        partial.write_bytes((";FFMETADATA1\n" + "[STREAM]\n".join(texts)).encode())


def _with_timecode_of(cut: Cut, clip: Clip, plan: TrackPlan) -> TrackPlan:
    """Return the plan with the timecode of the first painted picture."""
    if cut.start is None:
        return plan
    frames = round((cut.shift - clip.origin_pts * clip.time_base) * clip.frame_rate)

    def moved(tags: dict[str, str]) -> dict[str, str]:
        return {
            name: advanced(value, frames, clip.frame_rate) if name.lower() == "timecode" else value
            for name, value in tags.items()
        }

    tracks = tuple(replace(track, tags=moved(track.tags)) for track in plan.tracks)
    return replace(plan, file_tags=moved(plan.file_tags), video_tags=moved(plan.video_tags), tracks=tracks)


def _escaped(text: str) -> str:
    return TAG_SPECIAL_CHARACTERS.sub(r"\\\g<0>", text)


def _tag_options(plan: TrackPlan) -> dict[str, str]:
    """Return the options that give the file and each of its streams the tags of their section."""
    names = ["v:0", *(name for name, _ in specified(plan.tracks))]
    by_stream = {f"map_metadata:s:{name}": f"{TAGS}:s:{number}" for number, name in enumerate(names)}
    return {"map_metadata": str(TAGS), **by_stream}


def _durations(showing: Showing | None) -> dict[str, str]:
    """Return the packet filter that gives each picture its duration, or none where only its successor tells it.

    A packet of mp4 and mov has the duration of decoding, which is another one's where pictures are reordered.
    """
    if showing is None:
        return {}
    in_turn = "if(eq(NEXT_PTS,NOPTS),DURATION,NEXT_PTS-PTS)"
    usual = in_turn if showing.in_order else "DURATION" if showing.is_even else "0"
    is_last = f"gt((PTS+0.5)*TB,{decimal(showing.last)})"
    duration = f"if({is_last},round({float(showing.last_duration)!r}/TB),{usual})"
    return {"bsf:v:0": f"setts=pts=PTS:dts=DTS:duration='{duration}'"}


def _ticks(plan: TrackPlan, container: TargetContainer) -> dict[str, Any]:
    """Return the muxer's options that keep the source's ticks where the container can."""
    if not container.keeps_ticks:
        return {}
    return {"video_track_timescale": plan.video_ticks, "movie_timescale": plan.timescale, "movflags": "+faststart"}
