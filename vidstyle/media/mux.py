"""Joining painted video with the sound, subtitles, chapters and tags of its source, packets and times untouched."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from vidstyle.media import ffmpeg
from vidstyle.media.clip import Clip
from vidstyle.media.codecs import TargetContainer
from vidstyle.media.resync_tracks import rejoined, shifts_of
from vidstyle.media.tracks import COPY, Track, TrackPlan

SEEK_MARGIN_SECONDS = 10
LETTERS = {"audio": "a", "subtitle": "s", "attachment": "t", "video": "v"}
NOTHING = "d:999?"
"""A track that no file has: naming it keeps the source among the inputs for its chapters and tags alone."""
LAYOUTS = {"libopus": ("mono", "stereo", "3.0", "quad", "5.0", "5.1", "6.1", "7.1")}
"""Encoders that refuse other arrangements of loudspeakers than these, in the program's own names."""
STALE_TAGS = ("major_brand", "minor_version", "compatible_brands", "encoder")
"""What a source says of its own file and is not true of the result."""


@dataclass(frozen=True)
class Cut:
    """The stretch of a source that was painted, `start` to `end` on its own clock, and how much earlier it now plays.

    All in seconds; None: from the first, to the last.
    """

    start: Fraction | None = None
    end: Fraction | None = None
    shift: Fraction = Fraction(0)


def mux(
    painted: Path,
    clip: Clip,
    plan: TrackPlan,
    container: TargetContainer,
    cut: Cut,
    aspect: Fraction,
    target: Path,
) -> list[str]:
    """Write `painted`, shown at `aspect`, and the planned tracks of `clip` into `target`.

    Copied packets keep payload and time; a cut drops those outside and moves the rest with the pictures. Returns what
    the decoders of converted tracks complained of. Raises OutputError.
    """
    with _on_one_clock(clip, plan, painted.with_suffix(".tracks.nut")) as (source, there):
        arguments = _arguments(painted, source, there, container, cut, aspect, target)
        lines = ffmpeg.run(arguments, f"put {clip.path.name}'s sound and subtitles into {target.suffix[1:]}")
    converted = tuple(f"[{track.codec} @" for track in plan.tracks if track.encoder != COPY)
    return [line for line in lines if line.startswith(converted)] if converted else []


@contextmanager
def _on_one_clock(clip: Clip, plan: TrackPlan, place: Path) -> Iterator[tuple[Path, TrackPlan]]:
    """Yield the file to take the tracks from, and the plan with their numbers there."""
    shifts = shifts_of(clip) if plan.tracks else []
    if len(shifts) < 2:
        yield clip.path, plan
        return
    with rejoined(clip, plan.tracks, shifts, place) as (path, tracks):
        yield path, replace(plan, tracks=tracks)


def _arguments(
    painted: Path, source: Path, plan: TrackPlan, container: TargetContainer, cut: Cut, aspect: Fraction, target: Path
) -> list[str]:
    video, other = ffmpeg.source(painted), ffmpeg.source(source, **_seek(cut))
    streams = [video["v:0"], other[NOTHING], *(other[str(track.index)] for track in plan.tracks)]
    options = {**_ticks(plan, container), **_encoders(plan.tracks), **_limits(plan.tracks, cut)}
    shown = {"aspect:v:0": f"{aspect.numerator}:{aspect.denominator}"}
    general = {"c": COPY, "map_metadata": 1, "map_chapters": 1, "avoid_negative_ts": "disabled"}
    return ffmpeg.command(streams, target, _tags(plan, container), **general, **shown, **options)


def _seek(cut: Cut) -> dict[str, Any]:
    """Return options that shift the source's clock, and skip most of what lies before the cut."""
    shifted = {"itsoffset": _decimal(-cut.shift)} if cut.shift else {}
    if cut.start is None or cut.start < SEEK_MARGIN_SECONDS:
        return shifted
    return {**shifted, "noaccurate_seek": None, "seek_timestamp": 1, "ss": _decimal(cut.start - SEEK_MARGIN_SECONDS)}


def _tags(plan: TrackPlan, container: TargetContainer) -> list[tuple[str, str]]:
    """Return the options that name tags: the source's own for the painted video, none that are no longer true."""
    stale = [("metadata", f"{name}=") for name in STALE_TAGS]
    painted = [("v:0", plan.video_tags)]
    carried = [
        (name, {"language": track.language.removeprefix("und"), "title": track.title})
        for name, track in _named(plan.tracks)
    ]
    named = [
        (f"metadata:s:{name}", f"{tag}={container.languages.get(value, value) if tag == 'language' else value}")
        for name, tags in painted + carried
        for tag, value in tags.items()
        if value
    ]
    return stale + named


def _ticks(plan: TrackPlan, container: TargetContainer) -> dict[str, Any]:
    if not container.keeps_ticks:
        return {}
    return {"video_track_timescale": plan.video_ticks, "movie_timescale": plan.timescale, "movflags": "+faststart"}


def _encoders(tracks: tuple[Track, ...]) -> dict[str, str]:
    return {f"c:{name}": track.encoder for name, track in _named(tracks) if track.encoder != COPY}


def _limits(tracks: tuple[Track, ...], cut: Cut) -> dict[str, str]:
    """Return what keeps each track inside the cut: packets that are dropped, or samples where sound is encoded anew."""
    begin, end = (None if time is None else time - cut.shift for time in (cut.start, cut.end))
    limits = {} if end is None else {"to": _decimal(end)}
    for name, track in _named(tracks):
        if track.kind == "subtitle" and (begin, end) != (None, None):
            limits[f"bsf:{name}"] = _shown(begin, end)
        elif track.kind == "audio" and track.encoder != COPY:
            limits |= {f"filter:{name}": ",".join(filters)} if (filters := _filters(track, begin, end)) else {}
        elif track.kind == "audio" and begin is not None:
            limits[f"bsf:{name}"] = f"noise=drop='lt(pts*tb,{_decimal(begin - track.priming_seconds)})'"
    return limits


def _shown(begin: Fraction | None, end: Fraction | None) -> str:
    """Return the packet filter that keeps what is shown of each subtitle between `begin` and `end`."""
    first, last = _decimal(begin or Fraction(0)), _decimal(Fraction(10**9) if end is None else end)
    starts, ends = f"max(PTS,{first}/TB)", f"min(PTS+DURATION,{last}/TB)"
    moved = f"setts=pts='{starts}':dts='{starts}':duration='max(0,{ends}-{starts})'"
    return f"noise=drop='lte((pts+d)*tb,{first})*gt(d,0)+lt(pts*tb,{first})*eq(d,0)',{moved}"


def _filters(track: Track, begin: Fraction | None, end: Fraction | None) -> list[str]:
    """Return the filters for sound that is encoded anew: cut to the sample, in a layout that the encoder knows."""
    edges = {"start": begin, "end": end}
    kept = ":".join(f"{edge}={_decimal(time)}" for edge, time in edges.items() if time is not None)
    layouts = LAYOUTS.get(track.encoder, ())
    return [f"atrim={kept}"] * bool(kept) + [f"aformat=channel_layouts={'|'.join(layouts)}"] * bool(layouts)


def _named(tracks: tuple[Track, ...]) -> list[tuple[str, Track]]:
    """Return each track with its specifier in the output, such as a:0; the painted video is v:0."""
    counts = {"video": 1}
    named = []
    for track in tracks:
        number = counts.get(track.kind, 0)
        counts[track.kind] = number + 1
        named.append((f"{LETTERS[track.kind]}:{number}", track))
    return named


def _decimal(seconds: Fraction) -> str:
    return f"{round(seconds * 1_000_000) / 1_000_000:.6f}"
