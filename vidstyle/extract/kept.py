"""The frames that are kept so far, and whether another one is like one of them."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from vidstyle.analysis.looks import Gallery, Look, is_same_look, similarity
from vidstyle.extract.candidate import Candidate


class Closest(NamedTuple):
    """The kept frame most like a candidate: how alike, its name, and whether it shows the same drawing."""

    similarity: float
    name: str
    is_same: bool


class Kept:
    """Frames that were there before, by name, which always stay, and the candidates that are added to them."""

    def __init__(self, present: Sequence[tuple[str, Look]]) -> None:
        self._gallery = Gallery()
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
        same = is_same_look(candidate.seen, self._gallery[nearest.place])
        return Closest(nearest.similarity, self._names[nearest.place], same)

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

    def _too_like(self, look: Look, max_similarity: float) -> list[Candidate | None]:
        """Return the kept frames that are more alike than allowed, None for one that was there before."""
        alike = self._gallery.similarities(look)
        return [
            one
            for place, one in enumerate(self._candidates)
            if (one is None or one.kept) and (alike[place] > max_similarity or is_same_look(look, self._gallery[place]))
        ]
