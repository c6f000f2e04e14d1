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
from vidstyle.media.complaints import SOURCE, encodings_of, of_converted
from vidstyle.media.resync_tracks import MovedTracks, tracks_on_one_clock
from vidstyle.media.timecode import advanced
from vidstyle.media.tracks import COPY, Track, TrackPlan

SEEK_MARGIN_SECONDS = 10
LETTERS = {"audio": "a", "subtitle": "s", "attachment": "t", "video": "v"}
NO_TRACK = "d:999?"
"""A track that no file has. Mapping it keeps a file among the inputs for its chapters and tags alone."""
TAGS = 2
"""The number of this input of the command; the painted video is 0, the source 1."""
LAYOUTS = {"libopus": ("mono", "stereo", "3.0", "quad", "5.0", "5.1", "6.1", "7.1")}
"""Encoders that take only these channel layouts, in ffmpeg's names."""
SAME_STEP_SECONDS = Fraction(1, 500)
"""Durations that differ by no more are the same, rounded to ticks."""
FILL_GAPS = "aresample=async=1:min_hard_comp=0.001"
"""The filter that fills a gap of a millisecond and more with silence, and drops what overlaps."""
TAG_SPECIAL_CHARACTERS = re.compile(r"[=;#\\\n]")
"""What has a meaning in ffmpeg's metadata format, unless a backslash comes before it."""


@dataclass(frozen=True)
class Cut:
    """The range of a source that was painted, `start` to `end` on its own clock, and how much earlier it now plays.

    All in seconds. None: from the first picture, to the last one.
    """

    start: Fraction | None = None
    end: Fraction | None = None
    shift: Fraction = Fraction(0)


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
    `painted` cannot. Returns what is wrong with converted tracks: texts that are not UTF-8, and the error lines of
    decoders. Raises OutputError.
    """
    with tracks_on_one_clock(clip, plan.tracks, restarts, painted) as moved:
        plan = plan if moved is None else replace(plan, tracks=_as_moved(plan.tracks, moved))
        tags = painted.with_suffix(".tags")
        try:
            _write_tags(tags, _with_timecode_of(cut, clip, plan))
            options = _options(plan, container, cut, aspect) | _durations(showing)

            def write(encodings: dict[int, str]) -> list[str]:
                streams = _streams(painted, clip.path, tags, plan.tracks, moved, cut, encodings)
                doing = f"put {clip.path.name}'s sound and subtitles into {target.suffix[1:]}"
                return ffmpeg.run(ffmpeg.command(streams, target, **options), doing)

            lines = write({})
            if encodings := encodings_of(lines, plan.tracks):
                lines = write(encodings)
        finally:
            tags.unlink(missing_ok=True)
    read_as = [f"subtitle track {index} is not UTF-8, it was read as {name}" for index, name in encodings.items()]
    return [*read_as, *of_converted(lines, plan.tracks)]


def _streams(
    painted: Path,
    source: Path,
    tags: Path,
    tracks: tuple[Track, ...],
    moved: MovedTracks | None,
    cut: Cut,
    encodings: dict[int, str],
) -> list[Any]:
    """Return the streams of the result: the painted video and the tracks; `source` and `tags` are always inputs.

    `encodings` are those of text tracks that are not UTF-8.
    """
    texts = {f"sub_charenc:{index}": name for index, name in encodings.items()}
    video, other = ffmpeg.source(painted), ffmpeg.source(source, **_seek(cut), **texts)
    tag_file = ffmpeg.source(tags, format="ffmetadata")
    by_track = {track.index: other[str(track.index)] for track in tracks}
    if moved is not None:
        on_one_clock = ffmpeg.source(moved.path, **_seek(cut, moved.late))
        by_track |= {index: on_one_clock[str(number)] for index, number in moved.numbers.items()}
    return [video["v:0"], other[NO_TRACK], tag_file[NO_TRACK], *(by_track[track.index] for track in tracks)]


def _as_moved(tracks: tuple[Track, ...], moved: MovedTracks) -> tuple[Track, ...]:
    """Return the tracks as their new file has them."""
    return tuple(
        replace(
            track,
            priming_seconds=min(track.priming_seconds, moved.priming.get(moved.numbers[track.index], Fraction(0))),
            in_pieces=moved.in_pieces,
        )
        if track.index in moved.numbers
        else track
        for track in tracks
    )


def _options(plan: TrackPlan, container: TargetContainer, cut: Cut, aspect: Fraction) -> dict[str, Any]:
    """Return the options of the result."""
    general = {"c": COPY, "map_chapters": SOURCE, "avoid_negative_ts": "disabled"}
    shape = {"aspect:v:0": f"{aspect.numerator}:{aspect.denominator}"}
    by_track = {**_tag_options(plan), **_encoders(plan.tracks), **_limits(plan.tracks, cut)}
    return {**general, **shape, **_ticks(plan, container), **by_track}


def _seek(cut: Cut, late: int = 0) -> dict[str, Any]:
    """Return options that shift the clock of a source, which is `late` seconds late, and skip most before the cut."""
    shift = cut.shift + late
    shifted = {"itsoffset": _decimal(-shift)} if shift else {}
    if cut.start is None or cut.start < SEEK_MARGIN_SECONDS:
        return shifted
    begin = cut.start + late - SEEK_MARGIN_SECONDS
    return {**shifted, "noaccurate_seek": None, "seek_timestamp": 1, "ss": _decimal(begin)}


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
    names = ["v:0", *(name for name, _ in _specified(plan.tracks))]
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
    is_last = f"gt((PTS+0.5)*TB,{_decimal(showing.last)})"
    duration = f"if({is_last},round({float(showing.last_duration)!r}/TB),{usual})"
    return {"bsf:v:0": f"setts=pts=PTS:dts=DTS:duration='{duration}'"}


def _ticks(plan: TrackPlan, container: TargetContainer) -> dict[str, Any]:
    """Return the muxer's options that keep the source's ticks where the container can."""
    if not container.keeps_ticks:
        return {}
    return {"video_track_timescale": plan.video_ticks, "movie_timescale": plan.timescale, "movflags": "+faststart"}


def _encoders(tracks: tuple[Track, ...]) -> dict[str, str]:
    return {f"c:{name}": track.encoder for name, track in _specified(tracks) if track.encoder != COPY}


def _limits(tracks: tuple[Track, ...], cut: Cut) -> dict[str, str]:
    """Return what keeps each track inside the cut: packets that are dropped, or samples where sound is encoded."""
    begin, end = (None if time is None else time - cut.shift for time in (cut.start, cut.end))
    limits = {} if end is None else {"to": _decimal(end)}
    for name, track in _specified(tracks):
        if track.kind == "subtitle" and (begin, end) != (None, None):
            limits[f"bsf:{name}"] = _subtitle_filter(begin, end)
        elif track.kind == "audio" and track.encoder != COPY:
            if filters := _audio_filters(track, begin, end):
                limits[f"filter:{name}"] = ",".join(filters)
        elif track.kind == "audio" and begin is not None:
            limits[f"bsf:{name}"] = f"noise=drop='lt(pts*tb,{_decimal(begin - track.priming_seconds)})'"
    return limits


def _subtitle_filter(begin: Fraction | None, end: Fraction | None) -> str:
    """Return the packet filter that cuts each subtitle to the time between `begin` and `end`."""
    first, last = _decimal(begin or Fraction(0)), _decimal(Fraction(10**9) if end is None else end)
    starts, ends = f"max(PTS,{first}/TB)", f"min(PTS+DURATION,{last}/TB)"
    moved = f"setts=pts='{starts}':dts='{starts}':duration='max(0,{ends}-{starts})'"
    return f"noise=drop='lte((pts+d)*tb,{first})*gt(d,0)+lt(pts*tb,{first})*eq(d,0)',{moved}"


def _audio_filters(track: Track, begin: Fraction | None, end: Fraction | None) -> list[str]:
    """Return the filters for sound that is encoded: cut to the sample, in a channel layout that the encoder takes.

    A gap becomes silence: an encoder would draw together what lies before and after it.
    """
    filters = [FILL_GAPS] if track.in_pieces else []
    edges = [f"{edge}={_decimal(time)}" for edge, time in (("start", begin), ("end", end)) if time is not None]
    if edges:
        filters.append(f"atrim={':'.join(edges)}")
    if layouts := LAYOUTS.get(track.encoder):
        filters.append(f"aformat=channel_layouts={'|'.join(layouts)}")
    return filters


def _specified(tracks: tuple[Track, ...]) -> list[tuple[str, Track]]:
    """Return each track with its stream specifier in the output, such as a:0; the painted video is v:0."""
    counts = {"video": 1}
    specified = []
    for track in tracks:
        number = counts.get(track.kind, 0)
        counts[track.kind] = number + 1
        specified.append((f"{LETTERS[track.kind]}:{number}", track))
    return specified


def _decimal(seconds: Fraction) -> str:
    return f"{round(seconds * 1_000_000) / 1_000_000:.6f}"
