"""Which candidates are kept: sharp ones, none twice, spread over shots and pictures."""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from statistics import median
from typing import NamedTuple

import numpy as np

from vidstyle.analysis.near_duplicates import Signature, SignatureIndex, is_faded_copy, is_same_picture, similarity
from vidstyle.extract.candidate import Candidate
from vidstyle.extract.settings import ExtractSettings

FADE_SECONDS = 2.5
LEAST_WORTH = 0.25
"""Share of the usual clarity of its shot below which a frame shows nearly nothing."""
MOST_WORTH = 2.0


def choose(
    candidates: Sequence[Candidate], present: Sequence[tuple[str, Signature]], settings: ExtractSettings
) -> None:
    """Give a reason to every candidate that is to be dropped.

    `present` names the images that are in the folder already, with their signatures; they always stay.
    """
    if settings.deblur == "none":
        drop_soft(candidates, settings.min_sharpness)
    drop_alike(candidates, present, settings.max_similarity)
    if settings.count:
        drop_beyond(candidates, settings.count)


def drop_soft(candidates: Iterable[Candidate], min_sharpness: float) -> None:
    """Drop candidates that are softer than `min_sharpness`."""
    for candidate in candidates:
        if candidate.kept and candidate.sharpness < min_sharpness:
            candidate.reason = "soft"


def drop_faded(candidates: Sequence[Candidate]) -> None:
    """Drop candidates of one source, given in order of time, that are a faded copy of a neighbour in time."""
    compared = [candidate for candidate in candidates if candidate.signature is not None]
    times = [candidate.seconds for candidate in compared]
    for candidate in compared:
        first = bisect_left(times, candidate.seconds - FADE_SECONDS)
        end = bisect_right(times, candidate.seconds + FADE_SECONDS)
        signature = candidate.require_signature()
        if any(is_faded_copy(signature, neighbour.require_signature()) for neighbour in compared[first:end]):
            candidate.reason = "blended"


def drop_alike(
    candidates: Sequence[Candidate], present: Sequence[tuple[str, Signature]], max_similarity: float
) -> None:
    """Drop near-duplicates: of frames that are alike the best one stays, and those that are `present` always stay.

    The less a frame is worth in its shot, the more it must differ, see `most_alike`. A drawing that comes back is a
    near-duplicate of itself even where `max_similarity` is 1. A shot that would lose all its frames still gets one, where
    the shots with frames like it have others left.
    """
    kept = _KeptFrames(present)
    ranked = sorted(worth_in_shot(candidates), key=lambda pair: -pair[1])
    for candidate, worth in ranked:
        closest = kept.closest_to(candidate)
        candidate.similarity, candidate.similar_to = closest.similarity, closest.name
        if closest.is_same or closest.similarity > max_similarity:
            candidate.reason = "near-duplicate"
        elif worth < LEAST_WORTH or closest.similarity > most_alike(worth, max_similarity):
            candidate.reason = "faint"
        else:
            kept.add(candidate)
    for candidate, worth in ranked:
        if not candidate.kept and worth >= LEAST_WORTH and not kept.holds_shot_of(candidate):
            kept.exchange_for(candidate, max_similarity)


def most_alike(worth: float, max_similarity: float) -> float:
    """Return how similar a frame may be to a kept one: `max_similarity` at a worth of 1, differing twice as much at 0.5."""
    return 1 - (1 - max_similarity) / min(1.0, worth)


def drop_beyond(candidates: Iterable[Candidate], count: int) -> None:
    """Keep the `count` most useful of the kept candidates and drop the others.

    They are taken from the shots in turn. Each time the frame is taken that is worth most and least like those before.
    """
    waiting = worth_in_shot(candidates)
    if len(waiting) <= count:
        return
    signatures = SignatureIndex()
    for candidate, _ in waiting:
        signatures.add(candidate.require_signature())
    worth = np.array([min(worth, MOST_WORTH) for _, worth in waiting])
    shots = {key: number for number, key in enumerate(dict.fromkeys(frame.shot_of_source for frame, _ in waiting))}
    shot = np.array([shots[candidate.shot_of_source] for candidate, _ in waiting])
    taken_of_shot = np.zeros(len(shots), int)
    likeness, left = np.zeros(len(waiting)), np.ones(len(waiting), bool)
    for _ in range(count):
        turns = np.where(left, taken_of_shot[shot], count)
        usefulness = np.where(turns == turns.min(), worth * (1 - likeness), -1.0)
        best = int(usefulness.argmax())
        left[best] = False
        taken_of_shot[shot[best]] += 1
        likeness = np.maximum(likeness, signatures.similarities(waiting[best][0].require_signature()))
    for index in np.flatnonzero(left):
        waiting[index][0].reason = "beyond count"


def worth_in_shot(candidates: Iterable[Candidate]) -> list[tuple[Candidate, float]]:
    """Return the kept candidates, each with its worth: its clarity relative to the median of its shot.

    1 is usual in the shot. Shots are not compared, so that what is pale, dark or calm is worth no less.
    """
    of_shot = defaultdict(list)
    for candidate in candidates:
        if candidate.kept:
            of_shot[candidate.shot_of_source].append(candidate)
    pairs = []
    for shot in of_shot.values():
        usual = median(candidate.clarity for candidate in shot) or 1.0
        pairs += [(candidate, candidate.clarity / usual) for candidate in shot]
    return pairs


class _ClosestFrame(NamedTuple):
    """The kept frame most like a candidate: how alike, its name, and whether it shows the same drawing."""

    similarity: float
    name: str
    is_same: bool


class _KeptFrames:
    """The frames that are kept: those that were `present` before, which always stay, and candidates added to them."""

    def __init__(self, present: Sequence[tuple[str, Signature]]) -> None:
        self._signatures = SignatureIndex()
        self._names = [name for name, _ in present]
        self._candidates: list[Candidate | None] = [None] * len(present)
        self._of_shot: Counter[tuple[str, int]] = Counter()
        for _, signature in present:
            self._signatures.add(signature)

    def add(self, candidate: Candidate) -> None:
        """Keep a candidate."""
        self._signatures.add(candidate.require_signature())
        self._names.append(candidate.name)
        self._candidates.append(candidate)
        self._of_shot[candidate.shot_of_source] += 1

    def holds_shot_of(self, candidate: Candidate) -> bool:
        """Whether a frame of the candidate's shot is kept."""
        return self._of_shot[candidate.shot_of_source] > 0

    def closest_to(self, candidate: Candidate) -> _ClosestFrame:
        """Return the kept frame most like the candidate; where nothing is kept, one without a name and likeness."""
        signature = candidate.require_signature()
        nearest = self._signatures.nearest(signature)
        if nearest is None:
            return _ClosestFrame(0.0, "", False)
        same = is_same_picture(signature, self._signatures[nearest.position])
        return _ClosestFrame(nearest.similarity, self._names[nearest.position], same)

    def exchange_for(self, candidate: Candidate, max_similarity: float) -> None:
        """Keep a dropped candidate instead of the kept frames too like it, if each of their shots has another frame."""
        others = self._too_like(candidate.require_signature(), max_similarity)
        lost = Counter(other.shot_of_source for other in others if other is not None)
        if None in others or any(self._of_shot[shot] <= count for shot, count in lost.items()):
            return
        candidate.reason, candidate.similarity, candidate.similar_to = "", 0.0, ""
        self.add(candidate)
        self._of_shot.subtract(lost)
        for other in others:
            if other is not None:
                other.reason, other.similar_to = "near-duplicate", candidate.name
                other.similarity = similarity(other.require_signature(), candidate.require_signature())

    def _too_like(self, signature: Signature, max_similarity: float) -> list[Candidate | None]:
        """Return the kept frames that are more alike than allowed, None for one that was there before."""
        alike = self._signatures.similarities(signature)
        return [
            candidate
            for index, candidate in enumerate(self._candidates)
            if (candidate is None or candidate.kept)
            and (alike[index] > max_similarity or is_same_picture(signature, self._signatures[index]))
        ]
