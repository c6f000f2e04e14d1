"""Packets into a decoder, frames out of it, and word of the packets that gave none."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from vidstyle.media.alpha import decoder_of
from vidstyle.media.pairing import Pairing

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame

HIDDEN_FRAME_CODECS = ("vp8", "libvpx")


class Decoder:
    """Decodes one stream of an opened container from where it stands; `range_pts` bounds the packets that are counted.

    After the last frame: `packets` in range and meant to be seen, `all_packets`, and why reading `stopped_by` early.
    """

    def __init__(self, container: Any, stream: Any, range_pts: tuple[int, int], ticks_per_frame: Fraction) -> None:
        from av.codec.context import Flags

        self._container, self._stream = container, stream
        self._from, self._until = range_pts
        self._ticks_per_frame = ticks_per_frame
        self._pairing = Pairing()
        self._latest_pts: int | None = None
        self.packets = self.all_packets = 0
        self.stopped_by = ""
        self._decoder = decoder_of(stream)
        self._decoder.thread_type = "AUTO"
        self._decoder.flags |= Flags.output_corrupt

    def frames(self) -> Iterator[tuple[VideoFrame, list[int]]]:
        """Yield frames in the order of presentation, each with the pts before it for which none came.

        A frame that comes after its time was named, or that the decoder invented to fill a gap, is left out.
        """
        for frame in self._frames():
            if self._is_surplus(frame):
                continue
            yield frame, self._lost_before(frame)
            self._latest_pts = frame.pts

    def _is_surplus(self, frame: VideoFrame) -> bool:
        if frame.pts is None or self._latest_pts is None:
            return False
        return frame.pts <= self._latest_pts and not self._pairing.awaits(frame.pts)

    def lost_at_end(self) -> list[int]:
        """Return the pts of packets that gave no frame by the end."""
        return self._pairing.left()

    def _frames(self) -> Iterator[VideoFrame]:
        """Yield what the decoder gives; a broken packet at the very end stays out, for it would take whole frames along."""
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
            self.stopped_by = str(getattr(error, "strerror", "") or error)
        yield from self._decode(None)

    def _decode(self, packet: Packet | None) -> list[VideoFrame]:
        import av

        try:
            return list(self._decoder.decode(packet))
        except av.error.FFmpegError:
            return []

    def _note(self, packet: Packet) -> None:
        self.all_packets += 1
        if packet.is_discard or not _shows_a_picture(packet, self._decoder.name):
            return
        self._pairing.sent(packet.pts, packet.dts)
        time = packet.dts if packet.pts is None else packet.pts
        self.packets += time is None or self._from <= time < self._until

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
