"""One continuous timeline for the packets of a stream, also in files whose clock starts again in the middle."""

from fractions import Fraction
from typing import Any

from av.container import InputContainer
from av.format import Flags
from av.packet import Packet

BACK_SECONDS = Fraction(1, 2)
"""Decoding times that jump back by more belong to another recording, which was put behind the first one."""
AHEAD_SECONDS = 10
"""In formats whose clocks may jump, as transport streams, times that jump ahead by more belong to another one too."""
DAMAGED_AHEAD_SECONDS = 30 * 3600
"""In other formats only a jump longer than any recording counts: a time that was written wrongly."""


def clock_may_jump(container: InputContainer) -> bool:
    """Return whether the format of a file lets clocks start, and start again, at any time."""
    flags: Any = container.format.flags
    return bool(flags & Flags.ts_discont.value)


class Timeline:
    """Moves packets so that each recording of a joined file begins where the one before it ends.

    `shifts` holds for each recording the ticks by which its times were moved; the first is 0. `end` is the time in
    ticks at which the pictures so far end.
    """

    def __init__(self, time_base: Fraction, ticks_per_frame: Fraction, ahead_seconds: int) -> None:
        self.shifts = [0]
        self.end = 0
        self._back = -BACK_SECONDS / time_base
        self._ahead = ahead_seconds / time_base
        self._nominal = max(1, round(ticks_per_frame))
        self._near = AHEAD_SECONDS / time_base
        self._latest: int | None = None
        self._before_jump: int | None = None
        self._since_jump = 0

    def straighten(self, packet: Packet) -> None:
        """Move the times of the stream's next packet, in the order of decoding, where that is needed."""
        time = packet.pts if packet.dts is None else packet.dts
        if time is None:
            return
        shown = time if packet.pts is None else packet.pts
        if self._returns(time):
            self.shifts.append(self.shifts[-2])
        elif self._jumps(time):
            self._before_jump, self._since_jump = self._latest, 0
            self.shifts.append(self.end - shown)
        self._since_jump += 1
        shift = self.shifts[-1]
        if shift:
            packet.pts = None if packet.pts is None else packet.pts + shift
            packet.dts = None if packet.dts is None else packet.dts + shift
        end = shown + shift + (packet.duration or self._nominal)
        self.end = end if self._latest is None else max(self.end, end)
        self._latest = time

    def _returns(self, time: int) -> bool:
        """Return whether the clock is back where it jumped from, after one packet that had just a wrong time."""
        if self._before_jump is None or self._latest is None or self._since_jump != 1:
            return False
        since = time - self._before_jump
        return 0 < since < self._near and since < time - self._latest

    def _jumps(self, time: int) -> bool:
        if self._latest is None:
            return False
        step = time - self._latest
        return not self._back <= step <= self._ahead


def timeline_of(container: InputContainer, stream_index: int, frame_rate: Fraction) -> Timeline:
    """Return the timeline of one stream of a file."""
    time_base = Fraction(container.streams[stream_index].time_base or 1)
    ahead = AHEAD_SECONDS if clock_may_jump(container) else DAMAGED_AHEAD_SECONDS
    return Timeline(time_base, 1 / (frame_rate * time_base), ahead)
