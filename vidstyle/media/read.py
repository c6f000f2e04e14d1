"""Reading a video in constant memory: upright RGB batches with the source's own times, and nothing lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np

from vidstyle.errors import InputError
from vidstyle.media.clip import Batch, Clip
from vidstyle.media.colour import to_rgb
from vidstyle.media.pairing import Pairing
from vidstyle.media.probe import open_source

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame

MICROSECONDS = 1_000_000
SEEK_MARGIN_SECONDS = 2
SLACK_SECONDS = 1
HIDDEN_FRAME_CODECS = ("vp8", "libvpx")


@dataclass
class ReadReport:
    """Counts of one reading: packets in the asked range, frames given, of these concealed and held; plain warnings."""

    packets: int = 0
    frames: int = 0
    concealed: int = 0
    held: int = 0
    truncated: bool = False
    warnings: list[str] = field(default_factory=list)

    @property
    def damaged(self) -> bool:
        """Whether some picture is not what the file should have held."""
        return bool(self.concealed or self.held or self.truncated)


@dataclass(frozen=True)
class _Picture:
    """Upright RGB with its pts and duration in ticks of the clip's time base."""

    rgb: np.ndarray
    pts: int
    duration: int


class VideoReader:
    """Decodes a clip from `start_seconds` to before `end_seconds`, both counted from the video's first picture.

    Use it as a context manager. Where the stream is damaged the decoder's concealed picture is given; where none
    comes, the previous picture is held at that pts. Both are counted in `report`, which is complete after the last batch.
    """

    def __init__(self, clip: Clip, *, start_seconds: float | None = None, end_seconds: float | None = None) -> None:
        self.clip = clip
        self.report = ReadReport()
        self._start_seconds, self._end_seconds = start_seconds, end_seconds
        self._pairing = Pairing()
        self._latest: _Picture | None = None
        self._shift = 0
        self._unheld: list[int] = []
        self._resized = self._unordered = self._failed = self._all_packets = 0
        self._stopped_by = ""

    def __enter__(self) -> Self:
        self._container = open_source(self.clip.path)
        self._stream = self._container.streams[self.clip.video_index]
        self._stream.thread_type = "AUTO"
        self._stream.codec_context.flags |= _output_corrupt()
        self.start_pts = self._stream.start_time or 0
        self._from = self._ticks(self._start_seconds, -(1 << 62))
        self._until = self._ticks(self._end_seconds, 1 << 62)
        self._seek()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._container.close()

    def batches(self, size: int) -> Iterator[Batch]:
        """Yield the pictures in batches of `size`, the last one shorter; raises InputError when none can be decoded."""
        waiting: list[_Picture] = []
        for picture in self._pictures():
            waiting.append(picture)
            self.report.frames += 1
            if len(waiting) == size:
                yield self._batch(waiting)
                waiting = []
        self._finish()
        if waiting:
            yield self._batch(waiting)

    def _batch(self, pictures: list[_Picture]) -> Batch:
        return Batch(
            frames=np.stack([one.rgb for one in pictures]),
            pts=tuple(one.pts for one in pictures),
            durations=tuple(one.duration for one in pictures),
            time_base=self.clip.time_base,
        )

    def _ticks(self, seconds: float | None, absent: int) -> int:
        if seconds is None:
            return absent
        return self.start_pts + ceil(Fraction(seconds).limit_denominator(MICROSECONDS) / self.clip.time_base)

    def _seek(self) -> None:
        """Go to a key frame that surely lies before the start; containers that cannot seek are read from their front."""
        import av

        if not self._start_seconds:
            return
        target = self._from - ceil(SEEK_MARGIN_SECONDS / self.clip.time_base)
        if target > self.start_pts:
            try:
                self._container.seek(target, stream=self._stream)
            except av.error.FFmpegError:
                self._container.seek(self.start_pts, stream=self._stream)

    def _pictures(self) -> Iterator[_Picture]:
        for frame in self._decoded():
            lost = self._lost_before(frame)
            pts = self._time_of(frame)
            if pts >= self._until:
                return
            self._unheld += [self._shift + time for time in lost]
            if pts >= self._from:
                current = _Picture(self._convert(frame), pts, frame.duration or 0)
                yield from self._held_until(pts, self._latest or current)
                self.report.concealed += frame.is_corrupt
                self._latest = current
                yield current
            else:
                self._unheld = []
                self._latest = None
        self._unheld += [self._shift + time for time in self._pairing.left()]
        if self._latest:
            yield from self._held_until(self._until, self._latest)

    def _held_until(self, pts: int, picture: _Picture) -> Iterator[_Picture]:
        after = self._latest.pts if self._latest else self._from - 1
        for time in self._unheld:
            if after < time < pts:
                after = time
                self.report.held += 1
                self._latest = _Picture(picture.rgb, time, picture.duration)
                yield self._latest
        self._unheld = []

    def _decoded(self) -> Iterator[VideoFrame]:
        """Yield what the decoder gives; a broken packet at the very end would take whole pictures with it, so it stays out."""
        import av

        broken: Packet | None = None
        try:
            for packet in self._container.demux(self._stream):
                if packet.size == 0:
                    continue
                if broken is not None:
                    yield from self._decode(broken)
                self._note(packet)
                broken = packet if packet.is_corrupt else None
                if broken is None:
                    yield from self._decode(packet)
        except av.error.FFmpegError as error:
            self._stopped_by = str(getattr(error, "strerror", "") or error)
        yield from self._decode(None)

    def _decode(self, packet: Packet | None) -> list[VideoFrame]:
        import av

        try:
            return self._stream.codec_context.decode(packet)
        except av.error.FFmpegError:
            self._failed += 1
            return []

    def _note(self, packet: Packet) -> None:
        self._all_packets += 1
        if packet.is_discard or not _shows_a_picture(packet, self._stream.codec_context.name):
            return
        self._pairing.sent(packet.pts, packet.dts)
        time = packet.dts if packet.pts is None else packet.pts
        self.report.packets += time is None or self._from <= time < self._until

    def _lost_before(self, frame: VideoFrame) -> list[int]:
        """Return the times at which pictures are missing; the second field of an interlaced frame is not missing."""
        lost = self._pairing.came(frame.pts)
        if len(lost) == 1 and frame.interlaced_frame and self._latest and frame.pts is not None:
            ticks_per_frame = 1 / (self.clip.frame_rate * self.clip.time_base)
            if frame.pts + self._shift - self._latest.pts < Fraction(3, 2) * ticks_per_frame:
                return []
        return lost

    def _time_of(self, frame: VideoFrame) -> int:
        """Return the frame's pts, continued where it is absent, shifted where the clock restarts, always increasing."""
        nominal = max(1, round(1 / (self.clip.frame_rate * self.clip.time_base)))
        latest = self._latest
        if latest is None:
            return self.start_pts if frame.pts is None else frame.pts + self._shift
        follows = latest.pts + (latest.duration or nominal)
        if frame.pts is None:
            return follows
        pts = frame.pts + self._shift
        if pts > latest.pts:
            return pts
        self._unordered += 1
        if (latest.pts - pts) * self.clip.time_base > SLACK_SECONDS:
            self._shift += follows - pts
            return follows
        return latest.pts + 1

    def _convert(self, frame: VideoFrame) -> np.ndarray:
        self._resized += (frame.width, frame.height) != (self.clip.width, self.clip.height)
        return to_rgb(frame, self.clip)

    def _finish(self) -> None:
        name, report = self.clip.path, self.report
        if report.frames == 0:
            raise InputError(f"{name} gave no picture in the asked range. Check --start and --end, or the file.")
        report.truncated = self._end_seconds is None and self._is_truncated()
        noted = {
            f"{name}: {report.concealed} damaged pictures were concealed by the decoder.": report.concealed,
            f"{name}: {report.held} pictures could not be decoded; the one before each was held.": report.held,
            f"{name}: {self._resized} pictures of another size were scaled to {self.clip.width}x{self.clip.height}.": (
                self._resized
            ),
            f"{name}: {self._unordered} pictures had times that did not increase; they were moved.": self._unordered,
            f"{name}: reading stopped early: {self._stopped_by}.": bool(self._stopped_by),
            self._shortfall(): report.truncated,
        }
        report.warnings += [text for text, counted in noted.items() if counted]

    def _shortfall(self) -> str:
        if self.clip.frames:
            return f"{self.clip.path} is incomplete: it promises {self.clip.frames} pictures, {self._all_packets} are there."
        promised = float(self.clip.duration or 0)
        return f"{self.clip.path} is incomplete: it promises {promised:.1f} s, its pictures end at {self._end():.1f} s."

    def _end(self) -> float:
        last = self._latest
        return float((last.pts - self.start_pts + last.duration) * self.clip.time_base) if last else 0.0

    def _is_truncated(self) -> bool:
        if self._stopped_by:
            return True
        if self.clip.duration is None:
            return False
        if self.clip.frames and not self._start_seconds:
            early = self._end() + 1.5 / self.clip.frame_rate < self.clip.duration
            return early and self._all_packets < self.clip.frames
        return self._end() + SLACK_SECONDS < self.clip.duration and not self._others_go_on()

    def _others_go_on(self) -> bool:
        """Whether another stream lasts longer than the pictures: then the file is whole and its video simply shorter."""
        import av

        try:
            self._container.seek(int((self._end() + SLACK_SECONDS) * MICROSECONDS))
            packets = (one for one in self._container.demux() if one.pts is not None)
            return any(float(one.pts * one.time_base) > self._end() + SLACK_SECONDS / 2 for one in packets)
        except av.error.FFmpegError:
            return False


def _output_corrupt() -> int:
    from av.codec.context import Flags

    return Flags.output_corrupt


def _shows_a_picture(packet: Packet, codec: str) -> bool:
    """Whether a packet is meant to be seen: VP8 sends hidden reference frames (RFC 6386, 9.1: the show_frame bit)."""
    return codec not in HIDDEN_FRAME_CODECS or bool(bytes(packet)[:1] and bytes(packet)[0] & 0x10)
