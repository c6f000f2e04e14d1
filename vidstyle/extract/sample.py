"""The clearest drawn picture of each window of an episode."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from vidstyle.analysis.borders import Box
from vidstyle.analysis.lettering import is_lettering
from vidstyle.extract.candidate import Candidate, frame_name
from vidstyle.extract.observe import Observation, observe
from vidstyle.extract.picture import copies
from vidstyle.extract.settings import ExtractSettings
from vidstyle.extract.sources import Source
from vidstyle.media.read import VideoReader

MOST_COPIES = 4
"""Of a held drawing: twice as many would take twice the memory and bring the noise down by a third."""


@dataclass
class _Pick:
    """The best frame of a stretch, and frames that show the same drawing, itself among them."""

    best: Observation
    copies: list[Observation]

    @property
    def frames(self) -> list[Observation]:
        """The frames that are whole drawings, the best one first."""
        return [self.best, *(one for one in self.copies if one is not self.best and not one.flaw)]


def sample(
    source: Source, reader: VideoReader, box: Box | None, settings: ExtractSettings, on_frames: Callable[[int], None]
) -> Iterator[tuple[Candidate, list[Observation]]]:
    """Yield a candidate for each shot in each window, with the frames that show its drawing, in the order of time.

    Pictures that are neither blank nor blended are preferred; where a window has none, its best is given with the reason
    against it. The candidate's own frame comes first. Holds a few frames at a time, however long the episode.
    """
    seen = observe(reader, box, on_frames)
    shots = groupby(seen, lambda one: (_window(one, settings), one.place.shot))
    picks = (_best(frames) for _, frames in shots)
    for _, of_window in groupby(picks, lambda pick: _window(pick.best, settings)):
        for pick in _preferred(of_window):
            yield _candidate(source, settings, pick.best, box), pick.frames


def _best(frames: Iterable[Observation]) -> _Pick:
    """Return the best frame with at most `MOST_COPIES` of its drawing, the best of these."""
    pick, copies = None, list[Observation]()
    for seen in frames:
        if copies and copies[0].drawing != seen.drawing:
            copies = []
        copies.append(seen)
        if pick is None or _worth(seen) > _worth(pick.best):
            pick = _Pick(seen, copies)
        if len(copies) > MOST_COPIES:
            copies.remove(min((one for one in copies if one is not pick.best), key=_worth))
    assert pick is not None, "a group has a member"
    return pick


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


def _candidate(source: Source, settings: ExtractSettings, seen: Observation, box: Box | None) -> Candidate:
    lettering = not seen.flaw and is_lettering(copies(seen.picture, box).grey)
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
