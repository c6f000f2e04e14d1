"""The clearest drawn frame of each shot in each window of an episode."""

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
GROUP_FRAMES, MEASURED_FRAMES = 12, 2
"""Of so many frames in a row, those of the highest gradient energy are measured: within a shot it ranks nearly as well."""


@dataclass(frozen=True)
class _Pick:
    """The best frame of a group of frames in a row, and its neighbours in the group."""

    best: Observation
    before: list[Observation]
    after: list[Observation]

    @property
    def frames(self) -> list[Observation]:
        """The frames of its drawing that have no flaw, at most `MOST_COPIES`, the best one first."""
        grey = self.best.grey
        held = [
            neighbour
            for side in (self.before[::-1], self.after)
            for neighbour in takewhile(lambda frame: is_same_drawing(frame.grey, grey), side)
            if not neighbour.flaw
        ]
        return [self.best, *held][:MOST_COPIES]


def sample(
    source: Source, reader: VideoReader, box: Box | None, settings: ExtractSettings, on_frames: Callable[[int], None]
) -> Iterator[tuple[Candidate, list[Observation]]]:
    """Yield a candidate for each shot in each window, with the frames that show its drawing, in the order of time.

    Frames that are neither blank nor blended are preferred. Where a window has none, its best frame is yielded with the
    reason against it. The candidate's own frame comes first, and is alone where nothing is to be fused. Holds a few frames
    at a time, however long the episode.
    """
    observations = observe(reader, box, on_frames)
    shots = groupby(observations, lambda frame: (_window(frame, settings), frame.place.shot))
    picks = (_best(frames) for _, frames in shots)
    for _, of_window in groupby(picks, lambda pick: _window(pick.best, settings)):
        for pick in _preferred(of_window):
            candidate = _candidate(source, settings, pick.best)
            yield candidate, pick.frames if candidate.kept and settings.fuse else [pick.best]


def _best(frames: Iterator[Observation]) -> _Pick:
    """Return the best frame of a shot in a window, reading `GROUP_FRAMES` at a time."""
    groups = iter(lambda: list(islice(frames, GROUP_FRAMES)), [])
    return max((_best_of(group) for group in groups), key=lambda pick: _worth(pick.best))


def _best_of(frames: list[Observation]) -> _Pick:
    clear = [frame for frame in frames if not frame.place.blended]
    best = _best_measured(clear) if clear else None
    if best is None or best.flaw:
        best = _best_measured(frames)
    index = frames.index(best)
    first = max(0, index - MOST_COPIES + 1)
    return _Pick(best, frames[first:index], frames[index + 1 : index + MOST_COPIES])


def _best_measured(frames: list[Observation]) -> Observation:
    return max(nlargest(MEASURED_FRAMES, frames, key=lambda frame: frame.energy), key=_worth)


def _preferred(picks: Iterable[_Pick]) -> Iterator[_Pick]:
    """Yield every pick without a flaw; where there is none, the best of the others."""
    best_flawed, any_drawn = None, False
    for pick in picks:
        if not pick.best.flaw:
            any_drawn = True
            yield pick
        elif best_flawed is None or _worth(pick.best) > _worth(best_flawed.best):
            best_flawed = pick
    if best_flawed is not None and not any_drawn:
        yield best_flawed


def _window(frame: Observation, settings: ExtractSettings) -> int:
    return int(frame.seconds / settings.every + 1e-6)


def _worth(frame: Observation) -> tuple[bool, float]:
    return not frame.flaw, frame.edges.clarity


def _candidate(source: Source, settings: ExtractSettings, frame: Observation) -> Candidate:
    lettering = not frame.flaw and is_lettering(frame.grey)
    return Candidate(
        source=source.name,
        name=frame_name(source.name, frame.seconds, frame.frame, settings.format),
        seconds=frame.seconds,
        frame=frame.frame,
        pts=frame.picture.pts,
        window=_window(frame, settings),
        shot=frame.place.shot,
        sharpness=frame.edges.steepness,
        strength=frame.edges.strength,
        brightness=frame.light.brightness,
        spread=frame.light.spread,
        reason="lettering" if lettering else frame.flaw,
    )
