"""Sound and subtitles that cannot be copied as their file holds them, put onto the timeline of the pictures.

Such are files whose clock starts again in the middle, and mp4 and mov whose edit lists hide packets from players.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import dropwhile
from pathlib import Path
from typing import Any

import av
from av.packet import Packet

from vidstyle.errors import OutputError
from vidstyle.files import advice_on
from vidstyle.media.clip import Clip
from vidstyle.media.edit_list import Edit, edits_of, is_plain, played
from vidstyle.media.probe import open_source, readable_packets_of
from vidstyle.media.timeline import AHEAD_SECONDS, BACK_SECONDS, clock_may_jump, timeline_of
from vidstyle.media.tracks import Track, TrackPlan, priming_of

MOVED_KINDS = ("audio", "subtitle")
PRIMING_PACKETS = 3
"""Hidden packets before the first heard one that a decoder needs: Apple's AAC has the most, 2112 samples in three."""
MP4_ALONE = ("flac", "opus", "vorbis", "dvd_subtitle")
"""Codecs that ffmpeg writes into mp4 and not into mov."""
LATE_SECONDS = 1
"""NUT has no times before zero, which sound may have that a decoder needs first. So all times in it are late by this."""
Edits = dict[int, tuple[Edit, ...]]


@dataclass(frozen=True)
class MovedTracks:
    """The file that holds tracks on the timeline of the pictures: the number there of each track of the source.

    `priming` are the seconds of sound, by number, that a player must leave out at the beginning. `in_pieces`: the tracks
    follow an edit list. All times in the file are `late` by so many seconds. `left_out` are tracks that it cannot hold.
    """

    path: Path
    numbers: dict[int, int]
    priming: dict[int, Fraction]
    in_pieces: bool
    late: int
    left_out: tuple[Track, ...] = ()


@contextmanager
def tracks_on_one_clock(clip: Clip, plan: TrackPlan, restarts: int, stem: Path) -> Iterator[MovedTracks | None]:
    """Write the sound and subtitles of `plan` onto the timeline of the pictures, where `clip` has them otherwise.

    `restarts` says how often the pictures' clock started again while they were read. Yields None where the tracks can
    be copied as they are, else the file, named after `stem`, which is removed when the block ends. Raises OutputError.
    """
    moved = tuple(track for track in plan.tracks if track.kind in MOVED_KINDS)
    edits = _edits(clip, moved)
    moved = tuple(track for track in moved if track.index in edits) if edits else moved
    shifts = recording_shifts(clip, restarts) if moved and not edits else [0]
    if not edits and len(shifts) < 2:
        yield None
        return
    path = stem.with_suffix(f".tracks.{_format(moved) if edits else 'nut'}")
    try:
        with _translated(clip):
            held = _writable(clip, moved, path, plan.reading)
            left_out, moved = tuple(track for track in moved if track not in held), held
            if moved:
                _write(clip, moved, edits, shifts, path, plan.reading)
            priming = _priming(path) if moved else {}
        numbers = {track.index: number for number, track in enumerate(moved)}
        yield MovedTracks(path, numbers, priming, bool(edits), 0 if edits else LATE_SECONDS, left_out)
    finally:
        path.unlink(missing_ok=True)


def recording_shifts(clip: Clip, restarts: int) -> list[int]:
    """Return the ticks by which the pictures of each recording in a file are moved; one recording has [0]."""
    with open_source(clip.path) as source:
        timeline = timeline_of(source, clip.video_index, clip.frame_rate)
        if restarts or clock_may_jump(source):
            for packet in readable_packets_of(source, source.streams[clip.video_index]):
                if packet.size:
                    timeline.straighten(packet)
        return timeline.shifts


def _edits(clip: Clip, tracks: tuple[Track, ...]) -> Edits:
    """Return the pieces to play of the tracks whose edit list has several, or hides packets at their end."""
    with open_source(clip.path) as source:
        lists = {track.index: edits_of(clip.path, source, source.streams[track.index]) for track in tracks}
        return {
            index: played(edits)
            for index, edits in lists.items()
            if not is_plain(edits) or (edits and _hides_packets(source.streams[index]))
        }


def _hides_packets(stream: Any) -> bool:
    """Return whether packets are hidden, apart from those before the first heard one that a decoder needs."""
    hidden = [entry.is_discard for entry in stream.index_entries]
    from_first = list(dropwhile(bool, hidden))
    return any(from_first) or len(hidden) - len(from_first) > PRIMING_PACKETS


def _format(tracks: tuple[Track, ...]) -> str:
    """Return the format that takes any track of mp4 or mov, keeps its ticks, and how much sound to skip at first."""
    return "mp4" if any(track.codec in MP4_ALONE for track in tracks) else "mov"


def _writable(clip: Clip, tracks: tuple[Track, ...], path: Path, reading: dict[str, str]) -> tuple[Track, ...]:
    """Return those tracks that the format of `path` holds."""

    def holds(target: Any, stream: Any) -> bool:
        try:
            _same_stream(stream, target)
        except ValueError:
            return False
        return True

    with open_source(clip.path, reading=reading) as source, av.open(f"file:{path}", "w") as target:
        return tuple(track for track in tracks if holds(target, source.streams[track.index]))


def _priming(path: Path) -> dict[int, Fraction]:
    with av.open(f"file:{path}") as written:
        return priming_of(written)


@contextmanager
def _translated(clip: Clip) -> Iterator[None]:
    try:
        yield
    except (av.error.FFmpegError, OSError, ValueError) as error:
        advice = advice_on(error, "Check free space, or use --no-audio.")
        raise OutputError(f"Cannot put the sound of {clip.path.name} onto one clock: {error}. {advice}") from error


def _write(
    clip: Clip, tracks: tuple[Track, ...], edits: Edits, shifts: list[int], path: Path, reading: dict[str, str]
) -> None:
    with open_source(clip.path, edit_lists=not edits, reading=reading) as source:
        ticks = max(Fraction(source.streams[track.index].time_base or 1).denominator for track in tracks)
        # A track that begins late does so to the tick of the whole file.
        options = {"movie_timescale": str(ticks)} if edits else {}
        with av.open(f"file:{path}", "w", container_options=options) as target:
            streams = {track.index: _same_stream(source.streams[track.index], target) for track in tracks}
            if not edits:
                _copy_recordings(source, target, clip, streams, shifts)
            for index, pieces in edits.items():
                for packet in _played_packets(source, source.streams[index], pieces):
                    packet.stream = streams[index]
                    target.mux(packet)


def _same_stream(stream: Any, target: Any) -> Any:
    same = target.add_stream_from_template(stream, opaque=True)
    same.disposition = stream.disposition
    return same


def _played_packets(source: Any, stream: Any, edits: tuple[Edit, ...]) -> Iterator[Packet]:
    """Yield the packets of a track that are played, and those before time 0 that a decoder needs first.

    A packet at the edge of a piece is played where its middle is, and the last one of all in any case.
    """
    end: Fraction | None = None
    for edit in edits:
        before: deque[Packet] = deque(maxlen=0 if stream.type == "subtitle" else PRIMING_PACKETS)
        for packet in edit.packets(source, stream):
            if packet.pts is None:
                continue
            if stream.type == "subtitle":
                _fit(packet, edit)
            half = Fraction(packet.duration or 0, 2)
            latest = packet.pts if edit is edits[-1] else packet.pts + half
            if packet.pts + half < edit.start:
                before.append(packet)
            elif latest < edit.end and (end is None or packet.pts >= end):
                if end is None and edit.start == 0:
                    yield from before
                end = packet.pts + half
                packet.dts = packet.pts
                yield packet


def _fit(packet: Packet, edit: Edit) -> None:
    """Cut a subtitle to the piece that it is in."""
    assert packet.pts is not None
    begin, end = max(packet.pts, edit.start), min(packet.pts + (packet.duration or 0), edit.end)
    if begin < end:
        packet.pts, packet.duration = begin, end - begin


def _copy_recordings(source: Any, target: Any, clip: Clip, streams: dict[int, Any], shifts: list[int]) -> None:
    """Copy the packets of the tracks of `streams`, each moved by the shift of its recording."""
    pictures = timeline_of(source, clip.video_index, clip.frame_rate)
    seconds = [shift * clip.time_base for shift in shifts]
    clocks = {index: _TrackClock(seconds) for index in streams}
    for packet in readable_packets_of(source):
        if packet.stream_index == clip.video_index and packet.size:
            pictures.straighten(packet)
        elif packet.stream_index in streams and packet.size and packet.pts is not None:
            time = clocks[packet.stream_index].move(packet, pictures.end * clip.time_base)
            if time is not None:
                packet.dts = packet.pts = round((time + LATE_SECONDS) / packet.time_base)
                packet.stream = streams[packet.stream_index]
                target.mux(packet)


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
