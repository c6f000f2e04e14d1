"""Decoding of one video stream: its frames in order of presentation, and the packets that gave no frame."""

from collections.abc import Iterator
from fractions import Fraction
from math import ceil
from typing import Any

import av
from av.codec.context import Flags
from av.packet import Packet
from av.video.frame import PictureType, VideoFrame

from vidstyle.media.damage.ffv1 import SliceChecksums
from vidstyle.media.damage.lost_pictures import LostKeyFrames, NumberedPackets, PacketMatcher, shows_memory
from vidstyle.media.damage.motion_jpeg import STRICT, OddPictures
from vidstyle.media.edit_list import Edit
from vidstyle.media.probe import decoder_of, packets_of, refuse_encrypted
from vidstyle.media.timeline import states_no_times, timeline_of

MARGIN_SECONDS = 2
"""Decoding begins this long before the range at the latest: pictures may depend on some before their key frame."""
LONGEST_GROUP = 600
"""Packets that wait for the next key frame. Where none comes they are decoded, so that memory stays bounded."""
HIDDEN_FRAME_CODECS = ("vp8", "libvpx")
FORMATS_OF_FEW_TIMES = ("mpeg", "mpegts")
"""In these formats, in ffmpeg's names, one time may be stated for several pictures. Those of the others are guesses."""


class Decoder:
    """Decodes one stream of an opened container from its current position; times are those of `timeline`.

    Where there are `edits`, these pieces are decoded one after the other, each from a key frame of its own. `end_pts` is
    the end of the last picture, 0 where only its packet tells it.
    `chroma_location` is where chroma samples lie in frames that do not state it.
    `packets` counts the displayable packets whose times lie in `range_pts`, and `all_packets` those of any time.
    `one_to_one`: every packet so far was displayable, had a timestamp and decoded to a frame at that timestamp.
    `stopped_by` is the error that ended reading early, "" where there was none. `has_late_streams`: the file holds tracks
    that its beginning does not tell of.
    """

    def __init__(
        self,
        container: Any,
        stream: Any,
        range_pts: tuple[int, int],
        frame_rate: Fraction,
        edits: tuple[Edit, ...] = (),
        end_pts: int = 0,
        chroma_location: str | None = None,
    ) -> None:
        self._container, self._stream, self._name = container, stream, container.name.removeprefix("file:")
        self._edits = edits
        self._edit: Edit | None = None
        self._stated_end = 0 if edits else end_pts
        self._at_end = False
        self._last_pos: int | None = None
        self._from, self._until = range_pts
        self._ticks_per_frame = 1 / (frame_rate * Fraction(stream.time_base))
        self._margin = ceil(MARGIN_SECONDS / Fraction(stream.time_base))
        has_guesses = container.format.name in FORMATS_OF_FEW_TIMES
        self._matcher = PacketMatcher(float(self._ticks_per_frame / 2) if has_guesses else 1)
        self._numbered, self._left_out = NumberedPackets(), 0
        self._lost_key_frames, self._held = LostKeyFrames(), list[int]()
        self.timeline = timeline_of(container, stream.index, frame_rate)
        self._latest_pts: int | None = None
        self._latest_duration = 0
        self._latest_coded_pts: int | None = None
        self._is_increasing = True
        self._is_avi = container.format.name == "avi"
        self._states_no_times, self._shift = states_no_times(container), 0
        self._coded_order = self._has_no_times = self._shows_fields = False
        self.packets = self.all_packets = 0
        self.stopped_by = ""
        self.has_late_streams = False
        self.one_to_one = True
        self._decoder = decoder_of(stream, chroma_location)
        self._decoder.thread_type = "AUTO"
        self._decoder.flags |= Flags.output_corrupt
        self._odd_pictures = OddPictures(self._decoder) if self._decoder.name == "mjpeg" else None
        if self._odd_pictures:
            self._decoder.options = {**self._decoder.options, **STRICT}
        self._checksums = SliceChecksums(self._decoder.extradata) if self._decoder.name == "ffv1" else None

    @property
    def sample_aspect(self) -> Fraction | None:
        """The sample aspect that the stream stated last, None where it states none."""
        return self._decoder.sample_aspect_ratio

    def resume_at(self, frames: int) -> None:
        """Count from here on as if the first `frames` frames of the range had come, each from a packet of its own."""
        self.packets = self.all_packets = frames + self.packets_ahead()
        self.one_to_one = True

    def frames(self) -> Iterator[tuple[VideoFrame, list[int]]]:
        """Yield frames in order of presentation, each with the pts before it for which none came.

        Frames that come after their time was reported as lost, and frames that the decoder invented, are left out.
        """
        for frame in self._decoded_frames():
            if self._has_no_times:
                yield from self._in_row_by_number(frame)
                continue
            if self._counts_in_coded_order(frame):
                frame.pts = self._time_in_turn()
            if self._is_surplus(frame):
                self.one_to_one = False
                continue
            lost = self._lost_before(frame)
            if self._states_no_times:
                lost = self._put_in_row(frame, lost)
            lost, self._held = self._held + lost, []
            if frame.pts is not None and self._is_made_up(frame, frame.pts, lost):
                self._held = [*lost, frame.pts]
                self._latest_pts, self._latest_duration = frame.pts, frame.duration
                continue
            self._correct_time(frame)
            if frame.pts is None or lost or self._coded_order or len(self.timeline.shifts) > 1:
                self.one_to_one = False
            self._correct_duration(frame)
            yield frame, lost
            self._latest_pts, self._latest_duration = frame.pts, frame.duration

    def _in_row_by_number(self, frame: VideoFrame) -> Iterator[tuple[VideoFrame, list[int]]]:
        """Yield a frame whose pts is the number of its packet, put where the one before ends, after those that are lost."""
        if frame.pts is not None:
            self._shows_fields = bool(frame.interlaced_frame)
            self._left_out += self._numbered.match(frame.pts, self._shows_fields)
            if self._numbered.is_without_key_frame(frame.pts):
                self._left_out += 1
                return
        lost = self._next_times(self._left_out)
        frame.pts = self._next_times(self._left_out + 1)[-1]
        self._left_out = 0
        yield frame, lost
        self._latest_pts, self._latest_duration = frame.pts, frame.duration

    def _next_times(self, count: int) -> list[int]:
        """Return the times of the next pictures in a stream without any, from the end of the latest one on."""
        usual = round(self._ticks_per_frame)
        end = 0 if self._latest_pts is None else self._latest_pts + max(self._latest_duration, usual)
        return [end + number * usual for number in range(count)]

    def _is_made_up(self, frame: VideoFrame, pts: int, lost: list[int]) -> bool:
        """Return whether a frame shows what the decoder's memory held: other noise in each reading."""
        is_without = not self._states_no_times and self._lost_key_frames.are_before(pts, lost)
        return is_without or shows_memory(frame, self._decoder.name)

    def _put_in_row(self, frame: VideoFrame, lost: list[int]) -> list[int]:
        """Put a picture of an elementary stream where the one before ends, the first one at 0; return the lost times, moved.

        Such a stream states no times. ffmpeg guesses them, late by the reordering of pictures, and not always from the first.
        """
        if frame.pts is None:
            return lost
        usual = round(self._ticks_per_frame)
        late = frame.pts + self._shift - self._next_times(1)[0]
        if not lost and not -usual < late < usual:
            self._shift -= late
            self.one_to_one = False
        frame.pts += self._shift
        return [time + self._shift for time in lost]

    def _correct_time(self, frame: VideoFrame) -> None:
        """Put the last picture of an AVI after the one before, where ffmpeg gives both one time.

        In AVI of many frames a second packets state no duration, so the time of a reordered one at the very end is a guess.
        """
        is_last = self._is_avi and not self._matcher.waiting()
        if is_last and frame.pts is not None and frame.pts == self._latest_pts:
            frame.pts += round(self._ticks_per_frame)

    def _correct_duration(self, frame: VideoFrame) -> None:
        """Let the last picture last until the end of its track in mp4 and mov: a packet's duration is that of decoding.

        In AVI packets last one tick, and a picture lasts many where ticks without a picture follow: then it is not known.
        """
        if self._stated_end and self._at_end and frame.pts is not None and not self._matcher.waiting():
            frame.duration = max(self._stated_end - frame.pts, 0) or frame.duration
        if self._is_avi and frame.duration < self._ticks_per_frame / 2:
            frame.duration = 0

    def packets_ahead(self) -> int:
        """Return how many packets in range went in and have not come out as frames."""
        return sum(self._is_in_range(time) for time in self._matcher.waiting())

    def lost_at_end(self) -> list[int]:
        """Return the pts of packets that gave no frame by the end."""
        if self._has_no_times:
            waiting = 0 if self._shows_fields else len(self._numbered.waiting)
            return self._next_times(self._left_out + waiting)
        return self._held + [time + self._shift for time in self._matcher.waiting()]

    def _counts_in_coded_order(self, frame: VideoFrame) -> bool:
        """Return whether the file, as AVI does, numbers frames in coded order: then the earliest number is shown next.

        A file shows it by a bidirectional frame out of turn, while the pts of its packets only increase: where pictures are
        reordered, true pts do not.
        """
        earliest = self._matcher.earliest()
        if earliest is None or frame.pts is None:
            return False
        is_reordered = bool(self._decoder.has_b_frames) and frame.pict_type == PictureType.B
        if is_reordered and earliest < frame.pts and self._is_increasing:
            self._coded_order = True
        return self._coded_order

    def _time_in_turn(self) -> int | None:
        """Return the earliest time that waits. The last one of all is a guess in AVI, a tick after the one before."""
        earliest = self._matcher.earliest()
        if earliest is None or self._latest_pts is None or len(self._matcher.waiting()) > 1:
            return earliest
        is_guess = earliest - self._latest_pts < self._ticks_per_frame / 2
        return self._latest_pts + round(self._ticks_per_frame) if is_guess else earliest

    def _is_surplus(self, frame: VideoFrame) -> bool:
        if frame.pts is None or self._latest_pts is None:
            return False
        return frame.pts <= self._latest_pts and not self._matcher.waits_for(frame.pts)

    def _is_in_range(self, time: int | None) -> bool:
        return time is None or self._from <= time + self._shift < self._until

    def _decoded_frames(self) -> Iterator[VideoFrame]:
        """Yield what the decoder gives. A broken packet at the very end stays out, for it would cost whole frames."""
        broken: Packet | None = None
        recordings = 1
        try:
            for packet in self._edited_packets() if self._edits else self._packets():
                if broken is not None:
                    yield from self._decode(broken)
                if packet is None or (len(self.timeline.shifts) > recordings and packet.is_keyframe):
                    yield from self._decode(None)
                    self._decoder.flush_buffers()
                    recordings = len(self.timeline.shifts)
                if packet is None:
                    broken = None
                    continue
                refuse_encrypted(packet, self._name)
                self._note(packet)
                broken = packet if packet.is_corrupt else None
                if broken is None:
                    yield from self._decode(packet)
        except av.error.FFmpegError as error:
            self.stopped_by = str(getattr(error, "strerror", "") or error)
        yield from self._decode(None)

    def _edited_packets(self) -> Iterator[Packet | None]:
        """Yield the packets of each piece that reaches into the range, at the times when they are played, and then None."""
        for edit in self._edits:
            if self._from < edit.end and edit.start < self._until:
                self._edit = edit
                for packet in edit.packets(self._container, self._stream, self._from):
                    time = edit.time_of(packet.pts, self._ticks_per_frame)
                    packet.pts = packet.pts if time is None else time
                    yield packet
                yield None

    def _packets(self) -> Iterator[Packet]:
        """Yield the stream's packets, moved onto one timeline, from the last key frame well before the range on."""
        group: list[Packet] = []
        for packet in packets_of(self._container, self._stream, on_late_stream=self._note_late_stream):
            if packet.size == 0:
                continue
            self.timeline.straighten(packet)
            early = packet.dts is not None and packet.dts < self._from - self._margin and not self._states_no_times
            if early and packet.is_keyframe:
                group.clear()
            self._at_end = self._is_last(packet)
            group.append(packet)
            if not early or len(group) > LONGEST_GROUP:
                yield from group
                group.clear()
        yield from group

    def _note_late_stream(self) -> None:
        self.has_late_streams = True

    def _is_last(self, packet: Packet) -> bool:
        """Return whether the index of the file names no packet after this one."""
        if not self._stated_end:
            return False
        if self._last_pos is None:
            self._last_pos = self._stream.index_entries[-1].pos if len(self._stream.index_entries) else -1
        return packet.pos == self._last_pos

    def _decode(self, packet: Packet | None) -> list[VideoFrame]:
        """Return the frames that the decoder gives for a packet, those that the piece at hand shows."""
        frames = self._frames_of(packet)
        if self._edit is None:
            return frames
        shown = [frame for frame in frames if self._is_played(frame.pts)]
        for frame in shown:
            frame.duration = min(frame.duration, self._edit.end - frame.pts)
        return shown

    def _frames_of(self, packet: Packet | None) -> list[Any]:
        frames: list[Any] = []
        if packet is not None and self._checksums and self._checksums.rule_out(packet):
            return frames
        try:
            frames = list(self._decoder.decode(packet))
        except av.error.FFmpegError:
            self._lost_key_frames.note_error()
            self._numbered.note_error()
            if packet is not None and self._odd_pictures:
                frames = self._odd_pictures.frames(packet)
        if packet is not None and self._odd_pictures:
            self._odd_pictures.note(packet)
        return frames

    def _is_played(self, pts: int | None) -> bool:
        return self._edit is None or self._edit.time_of(pts, self._ticks_per_frame) is not None

    def _note(self, packet: Packet) -> None:
        """Count a packet, and keep its time until its frame comes."""
        self.all_packets += 1
        self._follow(packet)
        if packet.is_discard or not (_is_displayable(packet, self._decoder.name) and self._is_played(packet.pts)):
            self.one_to_one = False
            return
        if packet.pts is None:
            self.one_to_one = False
        if self._states_no_times and packet.pts is None and packet.dts is None:
            self._has_no_times = True
            packet.pts = self._numbered.add(packet.is_keyframe)
            self.packets += 1
            return
        self._matcher.add(packet.pts, packet.dts)
        if packet.is_keyframe and packet.pts is not None:
            self._lost_key_frames.note_key_frame(packet.pts)
        time = packet.dts if packet.pts is None else packet.pts
        self.packets += self._is_in_range(time)

    def _follow(self, packet: Packet) -> None:
        """Note whether pts increase in the order of coding. In a fast AVI the last one is often that of the one before."""
        if packet.pts is None:
            return
        latest = self._latest_coded_pts
        if packet.pts == latest and self._is_increasing and self._is_avi:
            packet.pts += 1
        self._is_increasing &= latest is None or packet.pts > latest
        self._latest_coded_pts = packet.pts

    def _lost_before(self, frame: VideoFrame) -> list[int]:
        """Return the times at which frames are missing; the second field of an interlaced frame is not missing."""
        lost = self._matcher.match(frame.pts)
        if len(lost) != 1 or not frame.interlaced_frame or self._latest_pts is None or frame.pts is None:
            return lost
        is_next_frame = frame.pts - self._latest_pts < Fraction(3, 2) * self._ticks_per_frame
        return [] if is_next_frame else lost


def _is_displayable(packet: Packet, codec: str) -> bool:
    """Return whether a packet is shown: VP8 sends hidden reference frames (RFC 6386, 9.1: the show_frame bit)."""
    return codec not in HIDDEN_FRAME_CODECS or bool(bytes(packet)[0] & 0x10)
