"""Sound and subtitles of a file whose clock starts again in the middle, copied onto one clock with its pictures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidstyle.errors import OutputError
from vidstyle.media.clip import Clip
from vidstyle.media.probe import open_source
from vidstyle.media.timeline import AHEAD_SECONDS, BACK_SECONDS, any_clock, timeline_of
from vidstyle.media.tracks import Track

if TYPE_CHECKING:
    from av.packet import Packet


def shifts_of(clip: Clip) -> list[int]:
    """Return the ticks by which the pictures of each recording in a file are moved; one recording has [0]."""
    with open_source(clip.path) as source:
        timeline = timeline_of(source, clip.video_index, clip.frame_rate)
        if any_clock(source):
            for packet in source.demux(source.streams[clip.video_index]):
                if packet.size:
                    timeline.straighten(packet)
        return timeline.shifts


@contextmanager
def rejoined(
    clip: Clip, tracks: tuple[Track, ...], shifts: list[int], place: Path
) -> Iterator[tuple[Path, tuple[Track, ...]]]:
    """Yield a file with `tracks` of `clip` on the clock of its pictures, and the tracks as they are numbered there.

    The file has the name `place` and is gone when the block ends. Raises OutputError.
    """
    import av

    try:
        with open_source(clip.path) as source, av.open(f"file:{place}", "w", format="nut") as target:
            _copy(source, target, clip, tracks, shifts)
        yield place, tuple(replace(track, index=number) for number, track in enumerate(tracks))
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise OutputError(
            f"Cannot put the sound of {clip.path.name} onto one clock: {error}. Check free space, or use --no-audio."
        ) from error
    finally:
        place.unlink(missing_ok=True)


def _copy(source: Any, target: Any, clip: Clip, tracks: tuple[Track, ...], shifts: list[int]) -> None:
    """Copy the packets of `tracks`, each moved as the pictures of its recording are."""
    pictures = timeline_of(source, clip.video_index, clip.frame_rate)
    seconds = [shift * clip.time_base for shift in shifts]
    places = {track.index: _Place(seconds) for track in tracks}
    streams = {track.index: _same_stream(source.streams[track.index], target) for track in tracks}
    for packet in source.demux():
        if packet.stream_index == clip.video_index and packet.size:
            pictures.straighten(packet)
        elif packet.stream_index in places and packet.size and packet.pts is not None:
            told = packet.pts * packet.time_base
            moved = places[packet.stream_index].moved(told, packet, pictures.end * clip.time_base)
            if moved is not None:
                packet.dts = packet.pts = round(moved / packet.time_base)
                packet.stream = streams[packet.stream_index]
                target.mux(packet)


def _same_stream(stream: Any, target: Any) -> Any:
    same = target.add_stream_from_template(stream, opaque=True)
    same.metadata.update(stream.metadata)
    same.disposition = stream.disposition
    return same


class _Place:
    """In which recording a track is, whose packets come a while before or after the pictures they belong to."""

    def __init__(self, shifts: list[Fraction]) -> None:
        self._shifts, self._number = shifts, 0
        self._latest: Fraction | None = None
        self._end: Fraction | None = None

    def moved(self, told: Fraction, packet: Packet, pictures_end: Fraction) -> Fraction | None:
        """Return the packet's time on the clock of the pictures, all in seconds; None where a later one is there already."""
        self._enter(told, pictures_end)
        self._latest = told
        time = told + self._shifts[self._number]
        if self._end is not None and time < self._end:
            return None
        self._end = time + Fraction(packet.duration or 0) * packet.time_base / 2
        return time

    def _enter(self, told: Fraction, pictures_end: Fraction) -> None:
        """Go to the next recording whose pictures are near, once the track's own clock jumps."""
        step = Fraction(0) if self._latest is None else told - self._latest
        if -BACK_SECONDS <= step <= AHEAD_SECONDS:
            return
        later = range(self._number + (step < 0), len(self._shifts))
        near = [number for number in later if abs(told + self._shifts[number] - pictures_end) < AHEAD_SECONDS]
        self._number = (near or later or [self._number])[0]
