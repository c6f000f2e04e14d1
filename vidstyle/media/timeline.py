"""One continuous timeline for the packets of a stream, also in files whose clock starts again in the middle."""

from enum import Enum
from fractions import Fraction
from typing import Any

from av.container import InputContainer
from av.format import Flags
from av.packet import Packet

BACK_SECONDS = Fraction(1, 2)
"""Times that jump back by more belong to another recording, which was put behind the first one."""
AHEAD_SECONDS = 10
"""In formats whose clocks may jump, as transport streams, times that jump ahead by more belong to another one too."""
DAMAGED_AHEAD_SECONDS = 30 * 3600
"""In other formats only a jump longer than any recording counts: a time that was written wrongly."""


class Restart(Enum):
    """Where the clock of a format may start again."""

    ANYWHERE = "anywhere"
    """At any packet, and with gaps. Decoding times show it: they never run back otherwise."""
    AT_KEY_FRAMES = "at key frames"
    """At a key frame that is shown before an earlier key frame. Decoding times are absent here, or guesses."""
    NEVER = "never"
    """Nowhere. Decoding times may run back all the same, as at each new piece of an edit list."""


RESTARTS = {
    "matroska,webm": Restart.AT_KEY_FRAMES,
    "nut": Restart.AT_KEY_FRAMES,
    "flv": Restart.AT_KEY_FRAMES,
    "asf": Restart.AT_KEY_FRAMES,
}
"""Formats, in ffmpeg's names, in which files put end to end are read as one. In those not named here, and not marked by
ffmpeg as discontinuous, a clock never starts again."""


def restart_of(container: InputContainer) -> Restart:
    """Return where the clock of an opened file may start again."""
    flags: Any = container.format.flags
    if flags & Flags.ts_discont.value:
        return Restart.ANYWHERE
    return RESTARTS.get(container.format.name, Restart.NEVER)


def clock_may_jump(container: InputContainer) -> bool:
    """Return whether the format of a file lets clocks start, and start again, at any time."""
    return restart_of(container) is Restart.ANYWHERE


def states_no_times(container: InputContainer) -> bool:
    """Return whether a file is an elementary stream: coded pictures alone, whose times are ffmpeg's guesses."""
    flags: Any = container.format.flags
    return bool(flags & Flags.no_timestamps.value)


class Timeline:
    """Moves packets so that each recording of a joined file begins where the one before it ends.

    `shifts` holds for each recording the ticks by which its times were moved; the first is 0. `end` is the time in
    ticks at which the pictures so far end.
    """

    def __init__(
        self,
        time_base: Fraction,
        ticks_per_frame: Fraction,
        ahead_seconds: int = AHEAD_SECONDS,
        restart: Restart = Restart.ANYWHERE,
    ) -> None:
        self.shifts = [0]
        self.end = 0
        self._restart = restart
        self._back = -BACK_SECONDS / time_base
        self._ahead = ahead_seconds / time_base
        self._nominal = max(1, round(ticks_per_frame))
        self._near = AHEAD_SECONDS / time_base
        self._latest: int | None = None
        self._latest_key: int | None = None
        self._latest_shown = 0
        self._has_dts = self._begun = False
        self._before_jump: int | None = None
        self._since_jump = 0

    def straighten(self, packet: Packet) -> None:
        """Move the times of the stream's next packet, in the order of decoding, where that is needed."""
        shown = packet.dts if packet.pts is None else packet.pts
        if shown is None:
            return
        self._judge(packet, shown)
        shift = self.shifts[-1]
        if shift:
            packet.pts = None if packet.pts is None else packet.pts + shift
            packet.dts = None if packet.dts is None else packet.dts + shift
        end = shown + shift + (packet.duration or self._nominal)
        self.end = max(self.end, end) if self._begun else end
        self._begun = True

    def _judge(self, packet: Packet, shown: int) -> None:
        """Begin another recording with this packet where the clock says so.

        A decoding time is compared with decoding times alone. The first packets of a file may lack theirs.
        """
        runs_back = self._runs_back(packet, shown)
        time = self._comparable(packet, shown)
        if time is not None and self._returns(time):
            self.shifts.append(self.shifts[-2])
            self._latest_key = None
        elif runs_back or (time is not None and self._jumps(time)):
            self._before_jump, self._since_jump = self._latest, 0
            self.shifts.append(self.end - shown)
        self._since_jump += 1
        self._latest = self._latest if time is None else time

    def _comparable(self, packet: Packet, shown: int) -> int | None:
        """Return the time of a packet that tells of its clock: its dts, or its pts while no packet had a dts."""
        if packet.dts is None:
            return None if self._has_dts else shown
        if not self._has_dts:
            self._has_dts, self._latest = True, None
        return packet.dts

    def _returns(self, time: int) -> bool:
        """Return whether the clock is back where it jumped from, after one packet that had just a wrong time."""
        if self._before_jump is None or self._latest is None or self._since_jump != 1:
            return False
        since = time - self._before_jump
        return 0 < since < self._near and since < time - self._latest

    def _jumps(self, time: int) -> bool:
        """Return whether a time lies too far from the latest of its kind."""
        if self._latest is None:
            return False
        step = time - self._latest
        return step > self._ahead or (self._restart is Restart.ANYWHERE and step < self._back)

    def _runs_back(self, packet: Packet, shown: int) -> bool:
        """Return whether a key frame is shown no later than an earlier one, which only another recording can be."""
        latest_key, latest = self._latest_key, self._latest_shown
        self._latest_shown = max(latest, shown)
        if self._restart is not Restart.AT_KEY_FRAMES or not packet.is_keyframe:
            return False
        self._latest_key = shown
        runs_back = latest_key is not None and shown <= latest_key and shown - latest < self._back
        if runs_back:
            self._latest_shown = shown
        return runs_back


def timeline_of(container: InputContainer, stream_index: int, frame_rate: Fraction) -> Timeline:
    """Return the timeline of one stream of a file."""
    time_base = Fraction(container.streams[stream_index].time_base or 1)
    restart = restart_of(container)
    ahead = AHEAD_SECONDS if restart is Restart.ANYWHERE else DAMAGED_AHEAD_SECONDS
    return Timeline(time_base, 1 / (frame_rate * time_base), ahead, restart)
