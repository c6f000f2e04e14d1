"""Sound and subtitles of a file whose clock starts again in the middle, copied onto the timeline of its pictures."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.packet import Packet

from vidstyle.errors import OutputError
from vidstyle.media.clip import Clip
from vidstyle.media.probe import open_source
from vidstyle.media.timeline import AHEAD_SECONDS, BACK_SECONDS, clock_may_jump, timeline_of
from vidstyle.media.tracks import Track


def recording_shifts(clip: Clip) -> list[int]:
    """Return the ticks by which the pictures of each recording in a file are moved; one recording has [0]."""
    with open_source(clip.path) as source:
        timeline = timeline_of(source, clip.video_index, clip.frame_rate)
        if clock_may_jump(source):
            for packet in source.demux(source.streams[clip.video_index]):
                if packet.size:
                    timeline.straighten(packet)
        return timeline.shifts


@contextmanager
def tracks_on_one_clock(
    clip: Clip, tracks: tuple[Track, ...], shifts: list[int], path: Path
) -> Iterator[tuple[Track, ...]]:
    """Write `tracks` of `clip`, on the timeline of its pictures, into the file `path`; yield them with their numbers there.

    `shifts` are those of `recording_shifts`. The file is removed when the block ends. Raises OutputError.
    """
    try:
        with open_source(clip.path) as source, av.open(f"file:{path}", "w", format="nut") as target:
            _copy(source, target, clip, tracks, shifts)
        yield tuple(replace(track, index=number) for number, track in enumerate(tracks))
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise OutputError(
            f"Cannot put the sound of {clip.path.name} onto one clock: {error}. Check free space, or use --no-audio."
        ) from error
    finally:
        path.unlink(missing_ok=True)


def _copy(source: Any, target: Any, clip: Clip, tracks: tuple[Track, ...], shifts: list[int]) -> None:
    """Copy the packets of `tracks`, each moved by the shift of its recording."""
    pictures = timeline_of(source, clip.video_index, clip.frame_rate)
    seconds = [shift * clip.time_base for shift in shifts]
    clocks = {track.index: _TrackClock(seconds) for track in tracks}
    streams = {track.index: _same_stream(source.streams[track.index], target) for track in tracks}
    for packet in source.demux():
        if packet.stream_index == clip.video_index and packet.size:
            pictures.straighten(packet)
        elif packet.stream_index in clocks and packet.size and packet.pts is not None:
            time = clocks[packet.stream_index].move(packet, pictures.end * clip.time_base)
            if time is not None:
                packet.dts = packet.pts = round(time / packet.time_base)
                packet.stream = streams[packet.stream_index]
                target.mux(packet)


def _same_stream(stream: Any, target: Any) -> Any:
    same = target.add_stream_from_template(stream, opaque=True)
    same.disposition = stream.disposition
    return same


class _TrackClock:
    """Finds the recording that a track is in: its packets come a while before or after the pictures they belong to."""

    def __init__(self, shifts: list[Fraction]) -> None:
        self._shifts, self._number = shifts, 0
        self._latest: Fraction | None = None
        self._end: Fraction | None = None

    def move(self, packet: Packet, pictures_end: Fraction) -> Fraction | None:
        """Return the packet's time on the timeline of the pictures, or None where a later packet is there already.

        `pictures_end` is where the pictures so far end on that timeline. All times are in seconds.
        """
        assert packet.pts is not None
        own_time = packet.pts * packet.time_base
        self._enter_recording(own_time, pictures_end)
        self._latest = own_time
        time = own_time + self._shifts[self._number]
        if self._end is not None and time < self._end:
            return None
        self._end = time + Fraction(packet.duration or 0) * packet.time_base / 2
        return time

    def _enter_recording(self, own_time: Fraction, pictures_end: Fraction) -> None:
        """Go to the next recording whose pictures are near, once the track's own clock jumps."""
        step = Fraction(0) if self._latest is None else own_time - self._latest
        if -BACK_SECONDS <= step <= AHEAD_SECONDS:
            return
        later = range(self._number + (step < 0), len(self._shifts))
        near = [number for number in later if abs(own_time + self._shifts[number] - pictures_end) < AHEAD_SECONDS]
        self._number = (near or later or [self._number])[0]
