"""Who paints what next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vidstyle.cluster.video_job import Film

LONGEST = 16
"""Segments that a worker gets at once, at most: beginning anew costs a seek and some frames that are looked at again."""


@dataclass
class Task:
    """What a worker does for a film: paint pieces in a row, of which `numbers` do not stand yet; None: settle it.

    `begun` is how many of the film's frames come before these, `frames` how many before where the worker is.
    """

    film: Film
    numbers: list[int] | None = None
    begun: int = 0
    frames: int = 0

    @property
    def unfinished(self) -> bool:
        """Whether something of it has not arrived."""
        return self.film.settling if self.numbers is None else bool(self.numbers)


def next_task(films: Sequence[Film], workers: int) -> Task | None:
    """Return the next task, None where there is nothing to do now; what is tasked does not wait any more."""
    for film in films:
        if film.error is not None or not film.waiting:
            continue
        if film.decided is not None:
            return _stretch(film, workers)
        if not film.settling:
            film.settling = True
            return Task(film)
    return None


def _stretch(film: Film, workers: int) -> Task:
    """Return a share of what waits, long at first and short at the end, so that all workers end at about the same time.

    A piece that has failed before is alone, so that it takes no other along.
    """
    longest = max(1, min(LONGEST, len(film.waiting) // (2 * workers)))
    first = film.waiting[0]
    count = 1
    while count < longest and film.waiting[count] == first + count and not film.attempts[first + count]:
        count += 1
    numbers = film.waiting[: 1 if film.attempts[first] else count]
    del film.waiting[: len(numbers)]
    film.painting.update(numbers)
    before = film.places[first - 1].pictures if first else 0
    return Task(film, numbers, before, before)
