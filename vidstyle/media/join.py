"""Joins files of coded pictures into one, packet by packet: nothing is encoded again and no time moves."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.packet import Packet

from vidstyle.errors import OutputError
from vidstyle.files import advice_on
from vidstyle.media.write import timescales


@dataclass(frozen=True)
class Piece:
    """A complete file of pictures: their pts in the joined video, in decoding order, and the last one's duration."""

    path: Path
    coded_pts: tuple[int, ...]
    last_duration: int


def join(pieces: Sequence[Piece], time_base: Fraction, target: Path) -> None:
    """Write the pictures of `pieces`, in order, into `target`; times are in units of `time_base` seconds.

    Raises OutputError when a piece lacks pictures or was encoded in another way, or when the file system is full.
    """
    shown = _Shown(pieces)
    try:
        with av.open(f"file:{target}", "w", container_options=timescales(time_base)) as joined:
            for packet in _packets(pieces, joined, time_base):
                shown.date(packet)
                joined.mux(packet)
    except (av.error.FFmpegError, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        advice = advice_on(error, "Check the free space.")
        raise OutputError(f"Cannot join {len(pieces)} segments into {target}: {reason}. {advice}") from error


def _packets(pieces: Sequence[Piece], joined: Any, time_base: Fraction) -> Iterator[Packet]:
    """Yield the packets of all pieces with their pts, for the stream of `joined` that the first piece describes."""
    stream: Any = None
    for piece in pieces:
        with av.open(f"file:{piece.path}") as container:
            video = container.streams.video[0]
            if stream is None:
                stream = joined.add_stream_from_template(video, opaque=True)
                stream.time_base, heading = time_base, _heading(video)
                stream.codec_context.codec_tag = video.codec_context.codec_tag
                stream.codec_context.sample_aspect_ratio = video.sample_aspect_ratio or Fraction(0)
            if _heading(video) != heading:
                raise OutputError(f"{piece.path} was coded in another way than the first segment. Give --restart.")
            packets = (packet for packet in container.demux(video) if packet.size)
            for packet, pts in _paired(packets, piece):
                packet.stream, packet.pts, packet.time_base = stream, pts, time_base
                yield packet


def _heading(stream: Any) -> tuple[Any, ...]:
    context = stream.codec_context
    return bytes(context.extradata or b""), context.name, context.width, context.height, context.pix_fmt


def _paired(packets: Iterator[Packet], piece: Piece) -> Iterator[tuple[Packet, int]]:
    try:
        yield from zip(packets, piece.coded_pts, strict=True)
    except ValueError as error:
        raise OutputError(
            f"{piece.path} does not hold its {len(piece.coded_pts)} pictures. Give --restart to paint anew."
        ) from error


class _Shown:
    """The order in which the pictures of all pieces are shown, from which decoding times and durations follow.

    The largest reordering of pictures is `delay`. A packet's decoding time is the pts of the picture shown `delay`
    pictures earlier (H.264, annex C, in any frame rate). So decoding times increase strictly, over the joins too, and
    never pass the pts.

    A container ends where the packet that is decoded last ends, in decoding times. So decoding begins as long before the
    first picture as that packet is decoded before the last picture: then the whole ends when the last picture ends.
    """

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self.pts = [pts for piece in pieces for pts in sorted(piece.coded_pts)]
        self.last_duration = pieces[-1].last_duration
        self.delay = min(max(_reordering(piece.coded_pts) for piece in pieces), len(self.pts) - 1)
        self.lead = self.pts[-1] - self.pts[len(self.pts) - 1 - self.delay]
        self.coded = 0

    def date(self, packet: Packet) -> None:
        """Give the next packet in the order of decoding its decoding time and duration."""
        assert packet.pts is not None
        place = bisect_left(self.pts, packet.pts)
        packet.dts = self._decoding_time(self.coded - self.delay)
        self.coded += 1
        is_last = self.coded == len(self.pts) or place + 1 == len(self.pts)
        packet.duration = self.last_duration if is_last else self.pts[place + 1] - packet.pts

    def _decoding_time(self, place: int) -> int:
        if place >= 0:
            return self.pts[place]
        return self.pts[0] + place * self.lead // self.delay


def _reordering(coded_pts: Sequence[int]) -> int:
    """Return the largest number of places by which a picture is decoded later than it is shown."""
    places = {pts: place for place, pts in enumerate(sorted(coded_pts))}
    return max(coded - places[pts] for coded, pts in enumerate(coded_pts))
