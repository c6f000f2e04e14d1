"""The clearest drawn picture of each window of an episode."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from heapq import nlargest
from itertools import groupby, islice, takewhile

from vidstyle.analysis.borders import Box
from vidstyle.analysis.held_drawings import is_same_drawing
from vidstyle.analysis.lettering import is_lettering
from vidstyle.extract.candidate import Candidate, frame_name
from vidstyle.extract.observe import Observation, observe
from vidstyle.extract.settings import ExtractSettings
from vidstyle.extract.sources import Source
from vidstyle.media.read import VideoReader

MOST_COPIES = 4
"""Of a held drawing: twice as many would take twice the memory and bring the noise down by a third."""
AT_ONCE, MEASURED = 12, 2
"""Of so many frames in a row, those of the highest gradient energy are measured: within a shot it ranks nearly as well."""


@dataclass(frozen=True)
class _Pick:
    """The best frame of a stretch, and its neighbours in it."""

    best: Observation
    before: list[Observation]
    after: list[Observation]

    @property
    def frames(self) -> list[Observation]:
        """The frames of its drawing that nothing speaks against, at most `MOST_COPIES`, the best one first."""
        grey = self.best.grey
        held = [
            one
            for side in (self.before[::-1], self.after)
            for one in takewhile(lambda other: is_same_drawing(other.grey, grey), side)
            if not one.flaw
        ]
        return [self.best, *held][:MOST_COPIES]


def sample(
    source: Source, reader: VideoReader, box: Box | None, settings: ExtractSettings, on_frames: Callable[[int], None]
) -> Iterator[tuple[Candidate, list[Observation]]]:
    """Yield a candidate for each shot in each window, with the frames that show its drawing, in the order of time.

    Pictures that are neither blank nor blended are preferred; where a window has none, its best is given with the reason
    against it. The candidate's own frame comes first, and is alone where nothing is to be fused. Holds a few frames at a
    time, however long the episode.
    """
    seen = observe(reader, box, on_frames)
    shots = groupby(seen, lambda one: (_window(one, settings), one.place.shot))
    picks = (_best(frames) for _, frames in shots)
    for _, of_window in groupby(picks, lambda pick: _window(pick.best, settings)):
        for pick in _preferred(of_window):
            candidate = _candidate(source, settings, pick.best)
            yield candidate, pick.frames if candidate.kept and settings.fuse else [pick.best]


def _best(frames: Iterator[Observation]) -> _Pick:
    """Return the best frame of a shot in a window, by `AT_ONCE` at a time."""
    stretches = iter(lambda: list(islice(frames, AT_ONCE)), [])
    return max((_best_of(stretch) for stretch in stretches), key=lambda pick: _worth(pick.best))


def _best_of(frames: list[Observation]) -> _Pick:
    clear = [one for one in frames if not one.place.blended]
    best = _best_measured(clear) if clear else None
    if best is None or best.flaw:
        best = _best_measured(frames)
    index = frames.index(best)
    first = max(0, index - MOST_COPIES + 1)
    return _Pick(best, frames[first:index], frames[index + 1 : index + MOST_COPIES])


def _best_measured(frames: list[Observation]) -> Observation:
    return max(nlargest(MEASURED, frames, key=lambda one: one.energy), key=_worth)


def _preferred(picks: Iterable[_Pick]) -> Iterator[_Pick]:
    """Yield what is drawn, or the best of the rest where nothing is."""
    flawed, drawn = None, False
    for pick in picks:
        if not pick.best.flaw:
            drawn = True
            yield pick
        elif flawed is None or _worth(pick.best) > _worth(flawed.best):
            flawed = pick
    if flawed is not None and not drawn:
        yield flawed


def _window(seen: Observation, settings: ExtractSettings) -> int:
    return int(seen.seconds / settings.every + 1e-6)


def _worth(seen: Observation) -> tuple[bool, float]:
    return not seen.flaw, seen.edges.clarity


def _candidate(source: Source, settings: ExtractSettings, seen: Observation) -> Candidate:
    lettering = not seen.flaw and is_lettering(seen.grey)
    return Candidate(
        source=source.name,
        name=frame_name(source.name, seen.seconds, seen.frame, settings.format),
        seconds=seen.seconds,
        frame=seen.frame,
        pts=seen.picture.pts,
        window=_window(seen, settings),
        shot=seen.place.shot,
        sharpness=seen.edges.steepness,
        strength=seen.edges.strength,
        brightness=seen.light.brightness,
        spread=seen.light.spread,
        reason="lettering" if lettering else seen.flaw,
    )
