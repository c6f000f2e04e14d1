"""Joining painted video with the sound, subtitles, chapters and tags of its source, packets and times untouched."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from vidstyle.media import ffmpeg
from vidstyle.media.codecs import TargetContainer
from vidstyle.media.tracks import COPY, Track, TrackPlan

SEEK_MARGIN_SECONDS = 10
LETTERS = {"audio": "a", "subtitle": "s", "attachment": "t", "video": "v"}
NOTHING = "d:999?"
"""A track that no file has: naming it keeps the source among the inputs for its chapters and tags alone."""
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
    source: Path,
    plan: TrackPlan,
    container: TargetContainer,
    cut: Cut,
    aspect: Fraction,
    target: Path,
) -> list[str]:
    """Write `painted`, shown at `aspect`, and the planned tracks of `source` into `target`.

    Copied packets keep payload and time; a cut drops those outside and moves the rest with the pictures. Returns what
    the decoders of converted tracks complained of. Raises OutputError.
    """
    video, other = ffmpeg.source(painted), ffmpeg.source(source, **_seek(cut))
    streams = [video["v:0"], other[NOTHING], *(other[str(track.index)] for track in plan.tracks)]
    options = {**_ticks(plan, container), **_encoders(plan.tracks), **_drops(plan.tracks, cut)}
    if cut.end is not None:
        options["to"] = _decimal(cut.end - cut.shift)
    shown = {"aspect:v:0": f"{aspect.numerator}:{aspect.denominator}"}
    general = {"c": COPY, "map_metadata": 1, "map_chapters": 1, "avoid_negative_ts": "disabled"}
    arguments = ffmpeg.command(streams, target, _tags(plan, container), **general, **shown, **options)
    lines = ffmpeg.run(arguments, f"put {source.name}'s sound and subtitles into {target.suffix[1:]}")
    converted = tuple(f"[{track.codec} @" for track in plan.tracks if track.encoder != COPY)
    return [line for line in lines if line.startswith(converted)] if converted else []


def _seek(cut: Cut) -> dict[str, Any]:
    """Return options that shift the source's clock, and skip most of what lies before the cut."""
    shifted = {"itsoffset": _decimal(-cut.shift)} if cut.shift else {}
    if cut.start is None or cut.start < SEEK_MARGIN_SECONDS:
        return shifted
    return {**shifted, "seek_timestamp": 1, "ss": _decimal(cut.start - SEEK_MARGIN_SECONDS)}


def _tags(plan: TrackPlan, container: TargetContainer) -> list[tuple[str, str]]:
    """Return the options that name tags: the source's own for the painted video, none that are no longer true."""
    stale = [("metadata", f"{name}=") for name in STALE_TAGS]
    painted = [("metadata:s:v:0", f"{name}={value}") for name, value in plan.video_tags.items()]
    renamed = [
        (f"metadata:s:{name}", f"language={container.languages[track.language]}")
        for name, track in _named(plan.tracks)
        if track.language in container.languages
    ]
    return stale + painted + renamed


def _ticks(plan: TrackPlan, container: TargetContainer) -> dict[str, Any]:
    if not container.keeps_ticks:
        return {}
    return {"video_track_timescale": plan.video_ticks, "movie_timescale": plan.timescale, "movflags": "+faststart"}


def _encoders(tracks: tuple[Track, ...]) -> dict[str, str]:
    return {f"c:{name}": track.encoder for name, track in _named(tracks) if track.encoder != COPY}


def _drops(tracks: tuple[Track, ...], cut: Cut) -> dict[str, str]:
    """Return a packet filter for each track that drops what begins before the cut."""
    if cut.start is None:
        return {}
    early = f"noise=drop='lt(pts*tb,{_decimal(cut.start - cut.shift)})'"
    return {f"bsf:{name}": early for name, track in _named(tracks) if track.kind in ("audio", "subtitle")}


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
