"""Which packets gave no picture, and which pictures a decoder made without their key frame."""

from bisect import insort

from av.video.frame import PictureType, VideoFrame

MOST_REORDERED = 16
"""Pictures that are coded before another and shown after it: H.264 and HEVC allow no more."""
Key = tuple[int, int]
"""Segment of the timeline (a new one begins where decoding times run backwards) and pts."""


def shows_memory(frame: VideoFrame, codec: str) -> bool:
    """Return whether parts of a damaged frame show what the decoder's memory held before.

    ProRes leaves them as they are. MPEG-1 and MPEG-2 do so in bidirectional pictures, others they conceal as H.264 does. HEVC,
    VP8, and FFV1 without checksums may leave parts too, and their decoders say nothing of it, not even in a log.
    """
    is_open = codec == "prores" or (codec in ("mpeg1video", "mpeg2video") and frame.pict_type == PictureType.B)
    return is_open and frame.is_corrupt


class PacketMatcher:
    """The packets that went into a decoder and have not come out as frames.

    Frames come in order of presentation. So once a frame has come, packets with earlier times will never give theirs.
    Times that differ by less than `near` ticks count as one.
    """

    def __init__(self, near: float = 1) -> None:
        self._near = near
        self._waiting: list[Key] = []
        self._late: list[int] = []
        self._latest: int | None = None
        self._segment = 0
        self._last_dts: int | None = None

    def add(self, pts: int | None, dts: int | None) -> None:
        """Note a packet that went into the decoder."""
        if dts is not None and self._last_dts is not None and dts < self._last_dts:
            self._segment += 1
        self._last_dts = self._last_dts if dts is None else dts
        time = dts if pts is None else pts
        if time is not None:
            insort(self._waiting, (self._segment, time))

    def match(self, pts: int | None) -> list[int]:
        """Take out the packet of a frame that came; return the pts of packets before it that gave none.

        Two packets may have one time, where a file states few and the others are guesses: their frames may come out of turn.
        A guess may also miss a stated time by some ticks.
        """
        if pts in self._late:
            self._late.remove(pts)
            return []
        if pts is None or not self._waiting:
            self._waiting = self._waiting[1:]
            return []
        index = self._index_of(pts)
        earlier = [time for _, time in self._waiting[:index]]
        lost = self._late + [time for time in earlier if not self._is_latest(time)]
        self._late = [time for time in earlier if self._is_latest(time)]
        self._waiting = self._waiting[index + 1 :]
        self._latest = pts
        return lost

    def earliest(self) -> int | None:
        """Return the earliest time whose frame has not come, None where no packet waits."""
        return self._waiting[0][1] if self._waiting else None

    def waits_for(self, pts: int) -> bool:
        """Return whether the frame of a packet of exactly this time has not come yet."""
        return pts in self._late or any(time == pts for _, time in self._waiting)

    def waiting(self) -> list[int]:
        """Return the pts of all packets whose frames have not come."""
        return self._late + [time for _, time in self._waiting]

    def _is_latest(self, time: int) -> bool:
        return self._latest is not None and abs(time - self._latest) < self._near

    def _index_of(self, pts: int) -> int:
        """Return the index of the packet of this time, else of the last earlier one in the first segment."""
        for index, (_, time) in enumerate(self._waiting):
            if time == pts:
                return index
        first = self._waiting[0][0]
        earlier = [index for index, (segment, time) in enumerate(self._waiting) if segment == first and time < pts]
        return earlier[-1] if earlier else 0


class LostKeyFrames:
    """Tells frames whose key frame could not be decoded, by the times of packets and frames in order of presentation.

    A decoder gives such frames all the same: they are predicted from memory that nobody has written, so that they show other
    noise in each reading. ffmpeg does not mark them as corrupt.
    """

    def __init__(self) -> None:
        self._key_times: list[int] = []
        self._lost: int | None = None
        self._has_failed = False

    def note_key_frame(self, pts: int) -> None:
        """Note the time of a key frame's packet that went into the decoder."""
        insort(self._key_times, pts)

    def note_error(self) -> None:
        """Note that the decoder reported an error. Without one no key frame counts as lost."""
        self._has_failed = True

    def are_before(self, pts: int, missing: list[int]) -> bool:
        """Return whether the latest key frame before the frame of this time is lost.

        `missing` are the times of the packets since the frame before that gave none.
        """
        lost = [time for time in missing if time in self._key_times]
        if lost and self._has_failed:
            self._lost = lost[-1]
        if self._lost is not None and not any(self._lost < time <= pts for time in self._key_times):
            return True
        self._lost = None
        self._key_times = [time for time in self._key_times if time > pts]
        return False


class NumberedPackets:
    """The packets of a stream without any times, by their number in the order of coding, which frames take along as pts.

    All that were coded before a key frame are shown before it. So once it has come, those that still wait are lost.
    """

    def __init__(self) -> None:
        self.waiting: list[int] = []
        self._keys: set[int] = set()
        self._packets = 0
        self._has_failed = False

    def add(self, is_key_frame: bool) -> int:
        """Note a packet that goes into the decoder, and return its number."""
        number = self._packets
        self._packets += 1
        self.waiting.append(number)
        if is_key_frame:
            self._keys.add(number)
        return number

    def note_error(self) -> None:
        """Note that the decoder reported an error. Without one no key frame counts as lost."""
        self._has_failed = True

    def match(self, number: int, is_interlaced: bool) -> int:
        """Take out the packet of a frame that came; return how many pictures before it are lost.

        Two packets may hold the fields of one interlaced frame. Those are not missing.
        """
        earlier = [waiting for waiting in self.waiting if waiting < number]
        lost = earlier if number in self._keys else earlier[:-MOST_REORDERED]
        self.waiting = [waiting for waiting in self.waiting if waiting != number and waiting not in lost]
        if number in self._keys:
            self._keys = {key for key in self._keys if key > number}
            self._has_failed = False
        return 0 if is_interlaced else len(lost)

    def is_without_key_frame(self, number: int) -> bool:
        """Return whether the key frame of a frame could not be decoded: then it shows what the decoder's memory held."""
        return self._has_failed and any(key < number for key in self._keys.intersection(self.waiting))
