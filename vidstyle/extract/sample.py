"""The sharpest drawn picture of each window of an episode."""

from collections.abc import Callable, Iterator

from vidstyle.analysis.borders import Box
from vidstyle.extract.candidate import Candidate, frame_name
from vidstyle.extract.observe import Observation, observe
from vidstyle.extract.settings import ExtractSettings
from vidstyle.extract.sources import Source
from vidstyle.media.read import VideoReader


def sample(
    source: Source, reader: VideoReader, box: Box | None, settings: ExtractSettings, on_frames: Callable[[int], None]
) -> Iterator[tuple[Candidate, Observation]]:
    """Yield the candidate of each window with the frame that it stands for, in the order of time.

    A window prefers pictures that are neither blank nor blended; where it has none, its best is given with the reason
    against it. Holds a few frames at a time, however long the episode.
    """
    best: Observation | None = None
    for seen in observe(reader, box, on_frames):
        if best is not None and _window(best, settings) != _window(seen, settings):
            yield _candidate(source, settings, best), best
            best = None
        if best is None or _worth(seen) > _worth(best):
            best = seen
    if best is not None:
        yield _candidate(source, settings, best), best


def _window(seen: Observation, settings: ExtractSettings) -> int:
    return int(seen.seconds / settings.every + 1e-6)


def _worth(seen: Observation) -> tuple[bool, float]:
    return not seen.flaw, seen.sharpness


def _candidate(source: Source, settings: ExtractSettings, seen: Observation) -> Candidate:
    return Candidate(
        source=source.name,
        name=frame_name(source.name, seen.seconds, seen.frame, settings.format),
        seconds=seen.seconds,
        frame=seen.frame,
        pts=seen.picture.pts,
        window=_window(seen, settings),
        shot=seen.place.shot,
        sharpness=seen.sharpness,
        brightness=seen.light.brightness,
        spread=seen.light.spread,
        reason=seen.flaw,
    )
