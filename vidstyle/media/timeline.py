"""Packet times of one stream on one line, also where the clock of the file starts again in the middle."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet

BACK_SECONDS = Fraction(1, 2)
"""Decoding times that run back by more belong to another recording, put behind the first one."""
AHEAD_SECONDS = 10
"""Where clocks may start anywhere, as in transport streams, times that run ahead by more do so too."""
DAMAGED_AHEAD_SECONDS = 30 * 3600
"""Elsewhere only what no recording lasts: a time that was written wrongly."""


def any_clock(container: InputContainer) -> bool:
    """Whether the format of a file lets clocks start, and start again, at any time."""
    from av.format import Flags

    flags: Any = container.format.flags
    return bool(flags & Flags.ts_discont.value)


def timeline_of(container: InputContainer, stream_index: int, frame_rate: Fraction) -> Timeline:
    """Return the timeline of one stream of a file."""
    time_base = Fraction(container.streams[stream_index].time_base or 1)
    ahead = AHEAD_SECONDS if any_clock(container) else DAMAGED_AHEAD_SECONDS
    return Timeline(time_base, 1 / (frame_rate * time_base), ahead)


class Timeline:
    """Moves packets so that each recording of a joined file begins where the one before it ends.

    `shifts` has, for each recording, the ticks that its times were moved by; the first is 0. `end` is where the
    pictures end so far, in ticks.
    """

    def __init__(self, time_base: Fraction, ticks_per_frame: Fraction, ahead_seconds: int) -> None:
        self.shifts = [0]
        self.end = 0
        self._back = -BACK_SECONDS / time_base
        self._ahead = ahead_seconds / time_base
        self._nominal = max(1, round(ticks_per_frame))
        self._near = AHEAD_SECONDS / time_base
        self._latest: int | None = None
        self._left: int | None = None
        self._since_jump = 0

    def straighten(self, packet: Packet) -> None:
        """Move the times of the stream's next packet, in the order of decoding, where that is needed."""
        told = packet.pts if packet.dts is None else packet.dts
        if told is None:
            return
        shown = told if packet.pts is None else packet.pts
        if self._goes_on(told):
            self.shifts.append(self.shifts[-2])
        elif self._starts_again(told):
            self._left, self._since_jump = self._latest, 0
            self.shifts.append(self.end - shown)
        self._since_jump += 1
        shift = self.shifts[-1]
        if shift:
            packet.pts = None if packet.pts is None else packet.pts + shift
            packet.dts = None if packet.dts is None else packet.dts + shift
        end = shown + shift + (packet.duration or self._nominal)
        self.end = end if self._latest is None else max(self.end, end)
        self._latest = told

    def _goes_on(self, told: int) -> bool:
        """Whether the clock is back where it left off after a single packet, which was no recording but a wrong time."""
        if self._left is None or self._latest is None or self._since_jump != 1:
            return False
        since = told - self._left
        return 0 < since < self._near and since < told - self._latest

    def _starts_again(self, told: int) -> bool:
        if self._latest is None:
            return False
        step = told - self._latest
        return not self._back <= step <= self._ahead
