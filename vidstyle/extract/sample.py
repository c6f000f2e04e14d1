"""Streaming an episode: every frame measured, the sharpest drawn picture of each window given on."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from vidstyle.analysis.borders import Box, find_borders
from vidstyle.analysis.light import Light
from vidstyle.analysis.scale import square_pixels
from vidstyle.analysis.sharpness import measuring_copy, sharpness
from vidstyle.analysis.shots import Place, ShotWatcher
from vidstyle.errors import InputError
from vidstyle.extract.candidate import Candidate, frame_name
from vidstyle.extract.settings import ExtractSettings
from vidstyle.extract.sources import Source
from vidstyle.media.clip import Clip
from vidstyle.media.read import VideoReader

BATCH_FRAMES = 8
BORDER_FRAMES = 12


@dataclass(frozen=True)
class _Measured:
    """A frame as it will be written, with its time and measures; its place in the film is known a little later."""

    rgb: np.ndarray
    pts: int
    sharpness: float
    light: Light


def borders_of(clip: Clip, settings: ExtractSettings) -> Box | None:
    """Return the box of picture of an episode, from frames spread over the asked range."""
    first = settings.start or 0.0
    last = settings.end or (float(clip.duration) if clip.duration else first + BORDER_FRAMES)
    times = np.linspace(first, last, BORDER_FRAMES, endpoint=False)
    return find_borders(frame for seconds in times for frame in _frame_at(clip, float(seconds)))


def _frame_at(clip: Clip, seconds: float) -> Iterator[np.ndarray]:
    with VideoReader(clip, start_seconds=seconds) as reader:
        try:
            yield plain(next(reader.batches(1)).frames[0], clip)
        except (InputError, StopIteration):
            return


def plain(rgb: np.ndarray, clip: Clip) -> np.ndarray:
    """Return a picture of `clip`, uint8 or uint16, as uint8 RGB in BT.709 and standard dynamic range."""
    if clip.colour.is_hdr or clip.colour.is_wide:
        from vidstyle.media.tone import seen_in_bt709

        return seen_in_bt709(rgb, clip)
    return rgb if rgb.dtype == np.uint8 else np.rint(rgb / np.float32(257)).astype(np.uint8)


def sample(
    source: Source, reader: VideoReader, box: Box | None, settings: ExtractSettings, on_frames: Callable[[int], None]
) -> Iterator[tuple[Candidate, np.ndarray]]:
    """Yield the candidate of each window with its picture, (h, w, 3) uint8, in the order of time.

    A window prefers pictures that are neither blank nor blended; where it has none, its best is given with the reason
    against it. Holds a few frames at a time, however long the episode.
    """
    best: tuple[Candidate, np.ndarray] | None = None
    for frame, place in _placed(reader, box, on_frames):
        candidate = _candidate(source, reader, settings, frame, place)
        if best is not None and best[0].window != candidate.window:
            yield best
            best = None
        if best is None or _worth(candidate) > _worth(best[0]):
            best = candidate, frame.rgb
    if best is not None:
        yield best


def _worth(candidate: Candidate) -> tuple[bool, float]:
    return candidate.kept, candidate.sharpness


def _placed(
    reader: VideoReader, box: Box | None, on_frames: Callable[[int], None]
) -> Iterator[tuple[_Measured, Place]]:
    watcher = ShotWatcher()
    waiting: deque[_Measured] = deque()
    for batch in reader.batches(BATCH_FRAMES):
        for rgb, pts in zip(batch.frames, batch.pts, strict=True):
            waiting.append(_measure(rgb, pts, reader.clip, box))
            place = watcher.feed(waiting[-1].rgb)
            if place is not None:
                yield waiting.popleft(), place
        on_frames(len(batch))
    yield from zip(waiting, watcher.finish(), strict=True)


def _measure(rgb: np.ndarray, pts: int, clip: Clip, box: Box | None) -> _Measured:
    picture = plain(rgb, clip)
    picture = np.ascontiguousarray(box.crop(picture) if box else picture.copy())
    picture = square_pixels(picture, float(clip.upright_aspect))
    grey = measuring_copy(picture)
    return _Measured(picture, pts, sharpness(grey), Light.of(grey))


def _candidate(
    source: Source, reader: VideoReader, settings: ExtractSettings, frame: _Measured, place: Place
) -> Candidate:
    seconds = float((frame.pts - reader.start_pts) * source.clip.time_base)
    number = round(seconds * source.clip.frame_rate)
    return Candidate(
        source=source.name,
        name=frame_name(source.name, seconds, number, settings.format),
        seconds=seconds,
        frame=number,
        pts=frame.pts,
        window=int(seconds / settings.every + 1e-6),
        shot=place.shot,
        sharpness=frame.sharpness,
        brightness=frame.light.brightness,
        spread=frame.light.spread,
        reason=frame.light.blank or ("blended" if place.blended else ""),
    )
