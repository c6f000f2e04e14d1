"""Where in a video painting begins, and what it must know of what came before."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vidstyle.media.position import Position
from vidstyle.render.resolved import Standing


@dataclass(frozen=True)
class Start:
    """The segment to begin with, the place in the source and the clock's shift there, and how the painter stands.

    `state` is the file of what the painter remembers; without it frames before the segment are looked at again. Reading
    begins for that at one of the places `before`, the nearest first; None is the beginning of the source.
    """

    number: int = 0
    place: Position | None = None
    shift: int | None = None
    standing: Standing | None = None
    state: Path | None = None
    before: tuple[Position | None, ...] = ()


def places_before(places: Sequence[Position], number: int) -> tuple[Position | None, ...]:
    """Return where 1, 2, 4, ... segments before segment `number` begin, of segments that end at `places`."""
    firsts = [max(0, number - (1 << power)) for power in range(number.bit_length() + bool(number))]
    return tuple(places[first - 1] if first else None for first in dict.fromkeys(firsts))
