"""Which packet became which picture, and which packets became none."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING, Any

from vidstyle.media.probe import decoder_of, refuse_encrypted
from vidstyle.media.timeline import timeline_of

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame


Key = tuple[int, int]
"""Segment of the timeline (a new one begins where decoding times run backwards) and pts."""


class Pairing:
    """Packets sent to a decoder and not yet seen as pictures.

    Pictures come in presentation order, so once one has come, packets of earlier times will never give theirs.
    """

    def __init__(self) -> None:
        self._waiting: list[Key] = []
        self._segment = 0
        self._last_dts: int | None = None

    def sent(self, pts: int | None, dts: int | None) -> None:
        """Note a packet that went into the decoder."""
        if dts is not None and self._last_dts is not None and dts < self._last_dts:
            self._segment += 1
        self._last_dts = self._last_dts if dts is None else dts
        time = dts if pts is None else pts
        if time is not None:
            insort(self._waiting, (self._segment, time))

    def came(self, pts: int | None) -> list[int]:
        """Take note of a picture; return the pts of packets before it that gave none."""
        if pts is None or not self._waiting:
            self._waiting = self._waiting[1:]
            return []
        place = self._place(pts)
        lost = [time for _, time in self._waiting[:place]]
        self._waiting = self._waiting[place + 1 :]
        return lost

    def first(self) -> int | None:
        """Return the earliest time that has not become a picture yet."""
        return self._waiting[0][1] if self._waiting else None

    def awaits(self, pts: int) -> bool:
        """Whether a packet of exactly this time has not become a picture yet."""
        return any(time == pts for _, time in self._waiting)

    def left(self) -> list[int]:
        """Return the pts of packets that gave no picture by the end."""
        return [time for _, time in self._waiting]

    def _place(self, pts: int) -> int:
        for place, (_, time) in enumerate(self._waiting):
            if time == pts:
                return place
        first = self._waiting[0][0]
        earlier = [place for place, (segment, time) in enumerate(self._waiting) if segment == first and time < pts]
        return earlier[-1] if earlier else 0


MARGIN_SECONDS = 2
"""How long before the range decoding begins at the latest: pictures may lean on ones before their key frame."""
LONGEST_GROUP = 600
"""Packets that wait for the next key frame; where none comes they are decoded, so that memory stays bounded."""
HIDDEN_FRAME_CODECS = ("vp8", "libvpx")


class Decoder:
    """Decodes one stream of an opened container from where it stands; `range_pts` bounds the packets that are counted.

    Times are those of `timeline`. `plain`: so far every packet is to be seen, states its time and became a picture at it.
    After the last frame: `packets` in range and meant to be seen, `all_packets`, and why reading `stopped_by` early.
    """

    def __init__(self, container: Any, stream: Any, range_pts: tuple[int, int], frame_rate: Fraction) -> None:
        from av.codec.context import Flags
        from av.video.frame import PictureType

        self._container, self._stream, self._name = container, stream, container.name.removeprefix("file:")
        self._from, self._until = range_pts
        self._ticks_per_frame = 1 / (frame_rate * Fraction(stream.time_base))
        self._margin = ceil(MARGIN_SECONDS / Fraction(stream.time_base))
        self._pairing = Pairing()
        self.timeline = timeline_of(container, stream.index, frame_rate)
        self._latest_pts: int | None = None
        self._delays: set[int] = set()
        self._coded_order = False
        self._bidirectional = PictureType.B
        self.packets = self.all_packets = 0
        self.stopped_by = ""
        self.plain = True
        self._decoder = decoder_of(stream)
        self._decoder.thread_type = "AUTO"
        self._decoder.flags |= Flags.output_corrupt

    @property
    def sample_aspect(self) -> Fraction | None:
        """The sample aspect that the stream stated last, None where it states none."""
        return self._decoder.sample_aspect_ratio

    def frames(self) -> Iterator[tuple[VideoFrame, list[int]]]:
        """Yield frames in the order of presentation, each with the pts before it for which none came.

        A frame that comes after its time was named, or that the decoder invented to fill a gap, is left out.
        """
        for frame in self._frames():
            if self._counts_in_coded_order(frame):
                frame.pts = self._pairing.first()
            if self._is_surplus(frame):
                self.plain = False
                continue
            lost = self._lost_before(frame)
            self.plain &= frame.pts is not None and not (lost or self._coded_order) and len(self.timeline.shifts) == 1
            yield frame, lost
            self._latest_pts = frame.pts

    def _counts_in_coded_order(self, frame: VideoFrame) -> bool:
        """Whether the file, as AVI does, numbers pictures as they are coded: then the first number left is the next shown.

        It shows when a bidirectional picture comes with another number, while all packets lie equally long before theirs.
        """
        first = self._pairing.first()
        if first is None or frame.pts is None:
            return False
        if frame.pict_type == self._bidirectional and first < frame.pts and len(self._delays) == 1:
            self._coded_order = True
        return self._coded_order

    def _is_surplus(self, frame: VideoFrame) -> bool:
        if frame.pts is None or self._latest_pts is None:
            return False
        return frame.pts <= self._latest_pts and not self._pairing.awaits(frame.pts)

    def _is_in_range(self, time: int | None) -> bool:
        return time is None or self._from <= time < self._until

    def ahead(self) -> int:
        """Return how many packets in range have gone in and not become pictures yet."""
        return sum(self._is_in_range(time) for time in self._pairing.left())

    def lost_at_end(self) -> list[int]:
        """Return the pts of packets that gave no frame by the end."""
        return self._pairing.left()

    def _frames(self) -> Iterator[VideoFrame]:
        """Yield what the decoder gives; a broken packet at the very end stays out, for it would take whole frames along."""
        import av

        broken: Packet | None = None
        recordings = 1
        try:
            for packet in self._packets():
                refuse_encrypted(packet, self._name)
                if broken is not None:
                    yield from self._decode(broken)
                if len(self.timeline.shifts) > recordings and packet.is_keyframe:
                    yield from self._decode(None)
                    self._decoder.flush_buffers()
                    recordings = len(self.timeline.shifts)
                self._note(packet)
                broken = packet if packet.is_corrupt else None
                if broken is None:
                    yield from self._decode(packet)
        except av.error.FFmpegError as error:
            self.stopped_by = str(getattr(error, "strerror", "") or error)
        yield from self._decode(None)

    def _packets(self) -> Iterator[Packet]:
        """Yield the stream's packets, moved onto one timeline, from the last key frame well before the range on."""
        group: list[Packet] = []
        for packet in self._container.demux(self._stream):
            if packet.size == 0:
                continue
            self.timeline.straighten(packet)
            early = packet.dts is not None and packet.dts < self._from - self._margin
            if early and packet.is_keyframe:
                group.clear()
            group.append(packet)
            if not early or len(group) > LONGEST_GROUP:
                yield from group
                group.clear()
        yield from group

    def _decode(self, packet: Packet | None) -> list[VideoFrame]:
        import av

        try:
            return list(self._decoder.decode(packet))
        except av.error.FFmpegError:
            return []

    def _note(self, packet: Packet) -> None:
        self.all_packets += 1
        if packet.is_discard or not _shows_a_picture(packet, self._decoder.name):
            self.plain = False
            return
        self.plain &= packet.pts is not None
        self._pairing.sent(packet.pts, packet.dts)
        if packet.pts is not None and packet.dts is not None:
            self._delays.add(packet.pts - packet.dts)
        time = packet.dts if packet.pts is None else packet.pts
        self.packets += self._is_in_range(time)

    def _lost_before(self, frame: VideoFrame) -> list[int]:
        """Return the times at which frames are missing; the second field of an interlaced frame is not missing."""
        lost = self._pairing.came(frame.pts)
        if len(lost) != 1 or not frame.interlaced_frame or self._latest_pts is None or frame.pts is None:
            return lost
        one_frame_on = frame.pts - self._latest_pts < Fraction(3, 2) * self._ticks_per_frame
        return [] if one_frame_on else lost


def _shows_a_picture(packet: Packet, codec: str) -> bool:
    """Whether a packet is meant to be seen: VP8 sends hidden reference frames (RFC 6386, 9.1: the show_frame bit)."""
    return codec not in HIDDEN_FRAME_CODECS or bool(bytes(packet)[0] & 0x10)
