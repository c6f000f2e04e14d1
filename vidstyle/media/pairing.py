"""Which packet became which picture, and which packets became none."""

from bisect import insort

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
