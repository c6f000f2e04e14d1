"""The frames that are kept so far, and whether another one is like one of them."""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from statistics import median
from typing import NamedTuple

import numpy as np

from vidstyle.analysis.near_duplicates import Signature, SignatureIndex, is_faded_copy, is_same_picture, similarity
from vidstyle.extract.candidate import Candidate
from vidstyle.extract.settings import ExtractSettings


class Closest(NamedTuple):
    """The kept frame most like a candidate: how alike, its name, and whether it shows the same drawing."""

    similarity: float
    name: str
    is_same: bool


class Kept:
    """Frames that were there before, by name, which always stay, and the candidates that are added to them."""

    def __init__(self, present: Sequence[tuple[str, Signature]]) -> None:
        self._gallery = SignatureIndex()
        self._names = [name for name, _ in present]
        self._candidates: list[Candidate | None] = [None] * len(present)
        self._of_shot: Counter[tuple[str, int]] = Counter()
        for _, look in present:
            self._gallery.add(look)

    def add(self, candidate: Candidate) -> None:
        """Keep a candidate."""
        self._gallery.add(candidate.seen)
        self._names.append(candidate.name)
        self._candidates.append(candidate)
        self._of_shot[candidate.place] += 1

    def holds_shot_of(self, candidate: Candidate) -> bool:
        """Whether a frame of the candidate's shot is kept."""
        return self._of_shot[candidate.place] > 0

    def closest(self, candidate: Candidate) -> Closest:
        """Return the frame most like the candidate; where nothing is kept it has no name and no likeness."""
        nearest = self._gallery.nearest(candidate.seen)
        if nearest is None:
            return Closest(0.0, "", False)
        same = is_same_picture(candidate.seen, self._gallery[nearest.position])
        return Closest(nearest.similarity, self._names[nearest.position], same)

    def exchange(self, candidate: Candidate, max_similarity: float) -> None:
        """Keep a candidate that was dropped instead of those too like it, if each of their shots keeps another frame."""
        others = self._too_like(candidate.seen, max_similarity)
        spared = Counter(one.place for one in others if one is not None)
        if None in others or any(self._of_shot[place] <= count for place, count in spared.items()):
            return
        candidate.reason, candidate.similarity, candidate.similar_to = "", 0.0, ""
        self.add(candidate)
        self._of_shot.subtract(spared)
        for one in others:
            if one is not None:
                one.reason, one.similar_to = "near-duplicate", candidate.name
                one.similarity = similarity(one.seen, candidate.seen)

    def _too_like(self, look: Signature, max_similarity: float) -> list[Candidate | None]:
        """Return the kept frames that are more alike than allowed, None for one that was there before."""
        alike = self._gallery.similarities(look)
        return [
            one
            for place, one in enumerate(self._candidates)
            if (one is None or one.kept)
            and (alike[place] > max_similarity or is_same_picture(look, self._gallery[place]))
        ]


FADE_SECONDS = 2.5
LEAST_WORTH = 0.25
"""Share of what a frame of the shot is usually worth below which it shows nearly nothing."""
MOST_WORTH = 2.0


def choose(
    candidates: Sequence[Candidate], present: Sequence[tuple[str, Signature]], settings: ExtractSettings
) -> None:
    """Give a reason to all candidates that are not to be kept beside the `present` looks, by name."""
    if settings.deblur == "none":
        drop_soft(candidates, settings.min_sharpness)
    drop_alike(candidates, present, settings.max_similarity)
    if settings.count:
        drop_beyond(candidates, settings.count)


def drop_soft(candidates: Iterable[Candidate], min_sharpness: float) -> None:
    """Mark candidates that are softer than asked for as dropped."""
    for candidate in candidates:
        if candidate.kept and candidate.sharpness < min_sharpness:
            candidate.reason = "soft"


def drop_faded(candidates: Sequence[Candidate]) -> None:
    """Mark candidates of one source, in order of time, that are a faded copy of a neighbour as dropped."""
    looked_at = [one for one in candidates if one.look is not None]
    times = [one.seconds for one in looked_at]
    for candidate in looked_at:
        first, last = (
            bisect_left(times, candidate.seconds - FADE_SECONDS),
            bisect_right(times, candidate.seconds + FADE_SECONDS),
        )
        if any(is_faded_copy(candidate.seen, other.seen) for other in looked_at[first:last]):
            candidate.reason = "blended"


def drop_alike(
    candidates: Sequence[Candidate], present: Sequence[tuple[str, Signature]], max_similarity: float
) -> None:
    """Mark near-duplicates as dropped: of frames that look alike the best stays, and those `present` always do.

    The less a frame is worth in its shot, the more it must differ, see `most_alike`. A drawing that comes back is a
    near-duplicate of itself even where `max_similarity` is 1. A shot of which nothing is left gets a frame of its own where
    others of the same look can spare theirs.
    """
    kept = Kept(present)
    ranked = sorted(worths(candidates), key=lambda pair: -pair[1])
    for candidate, worth in ranked:
        closest = kept.closest(candidate)
        candidate.similarity, candidate.similar_to = closest.similarity, closest.name
        if closest.is_same or closest.similarity > max_similarity:
            candidate.reason = "near-duplicate"
        elif worth < LEAST_WORTH or closest.similarity > most_alike(worth, max_similarity):
            candidate.reason = "faint"
        else:
            kept.add(candidate)
    for candidate, worth in ranked:
        if not candidate.kept and worth >= LEAST_WORTH and not kept.holds_shot_of(candidate):
            kept.exchange(candidate, max_similarity)


def most_alike(worth: float, max_similarity: float) -> float:
    """Return how alike to those kept a frame may be: as asked for where it is worth 1, differing twice as much at 0.5."""
    return 1 - (1 - max_similarity) / min(1.0, worth)


def drop_beyond(candidates: Iterable[Candidate], count: int) -> None:
    """Keep the `count` most useful of the kept candidates.

    They are drawn in turn over the shots, each time the one that is worth most and least like those drawn so far.
    """
    waiting = worths(candidates)
    if len(waiting) <= count:
        return
    gallery = SignatureIndex()
    for candidate, _ in waiting:
        gallery.add(candidate.seen)
    worth = np.array([min(each, MOST_WORTH) for _, each in waiting])
    shots = {place: number for number, place in enumerate({one.place: None for one, _ in waiting})}
    shot = np.array([shots[one.place] for one, _ in waiting])
    drawn_of_shot = np.zeros(len(shots), int)
    likeness, left = np.zeros(len(waiting)), np.ones(len(waiting), bool)
    for _ in range(count):
        turns = np.where(left, drawn_of_shot[shot], count)
        usefulness = np.where(turns == turns.min(), worth * (1 - likeness), -1.0)
        chosen = int(usefulness.argmax())
        left[chosen] = False
        drawn_of_shot[shot[chosen]] += 1
        likeness = np.maximum(likeness, gallery.similarities(waiting[chosen][0].seen))
    for index in np.flatnonzero(left):
        waiting[index][0].reason = "beyond count"


def worths(candidates: Iterable[Candidate]) -> list[tuple[Candidate, float]]:
    """Return the kept candidates with what they are worth: how sharp and strong their edges are, relative to their shot.

    1 is usual in the shot. Shots are not compared, so that what is pale, dark or calm is worth no less.
    """
    of_shot = defaultdict(list)
    for candidate in candidates:
        if candidate.kept:
            of_shot[candidate.place].append(candidate)
    usual = {place: median(one.clarity for one in shot) or 1.0 for place, shot in of_shot.items()}
    return [(one, one.clarity / usual[place]) for place, shot in of_shot.items() for one in shot]
