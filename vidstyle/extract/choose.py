"""Which candidates are kept: none alike, the sharpest of each kind, and evenly over shots and looks."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from vidstyle.analysis.looks import Gallery, Look, is_faded_copy
from vidstyle.extract.candidate import Candidate

FADE_SECONDS = 2.5


def drop_faded(candidates: Sequence[Candidate]) -> None:
    """Mark candidates of one source, in order of time, that are a faded copy of a neighbour as dropped."""
    looked_at = [one for one in candidates if one.look is not None]
    times = [one.seconds for one in looked_at]
    for candidate in looked_at:
        first, last = (
            bisect_left(times, candidate.seconds - FADE_SECONDS),
            bisect_right(times, candidate.seconds + FADE_SECONDS),
        )
        if any(is_faded_copy(_look(candidate), _look(other)) for other in looked_at[first:last]):
            candidate.reason = "blended"


def drop_alike(candidates: Iterable[Candidate], present: Sequence[tuple[str, Look]], max_similarity: float) -> None:
    """Mark near-duplicates as dropped: of frames that look alike the sharpest stays, and those `present` always do."""
    gallery = Gallery()
    names = []
    for name, look in present:
        gallery.add(look)
        names.append(name)
    for candidate in sorted((one for one in candidates if one.kept), key=lambda one: -one.sharpness):
        look = _look(candidate)
        alike = gallery.similarities(look)
        if len(alike):
            nearest = int(alike.argmax())
            candidate.similarity, candidate.similar_to = float(alike[nearest]), names[nearest]
        if candidate.similarity > max_similarity:
            candidate.reason = "near-duplicate"
        else:
            gallery.add(look)
            names.append(candidate.name)


def drop_beyond(candidates: Iterable[Candidate], count: int) -> None:
    """Keep `count` of the kept candidates, drawn in turn over the shots, each time the one least like those drawn so far."""
    waiting = sorted((one for one in candidates if one.kept), key=lambda one: -one.sharpness)
    if len(waiting) <= count:
        return
    gallery = Gallery()
    for candidate in waiting:
        gallery.add(_look(candidate))
    likeness = np.zeros(len(waiting))
    drawn_of_shot: Counter[tuple[str, int]] = Counter()
    left = set(range(len(waiting)))
    for _ in range(count):
        chosen = min(left, key=lambda index: (drawn_of_shot[waiting[index].place], likeness[index], index))
        left.remove(chosen)
        drawn_of_shot[waiting[chosen].place] += 1
        likeness = np.maximum(likeness, gallery.similarities(_look(waiting[chosen])))
    for index in left:
        waiting[index].reason = "beyond count"


def _look(candidate: Candidate) -> Look:
    assert candidate.look is not None, "a kept candidate has been looked at"
    return candidate.look
