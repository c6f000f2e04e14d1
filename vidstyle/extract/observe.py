"""Streaming an episode: every frame measured on small copies, its place in the film known a few frames later."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from vidstyle.analysis.borders import Box
from vidstyle.analysis.drawings import HeldDrawings
from vidstyle.analysis.light import Light
from vidstyle.analysis.measuring import Copies
from vidstyle.analysis.sharpness import Edges
from vidstyle.analysis.shots import Place, ShotWatcher
from vidstyle.extract.picture import copies
from vidstyle.media.picture import Picture
from vidstyle.media.read import VideoReader

REPORT_FRAMES = 8


@dataclass(frozen=True)
class Observation:
    """A frame, when it is shown and what is known of it; its picture is made only when it is asked for.

    `seconds` and `frame` count from the first picture of the video; `thumbnail` is (36, 64, 3) uint8 RGB of what lies
    within the borders. Frames that show one held drawing share the number `drawing`.
    """

    picture: Picture
    seconds: float
    frame: int
    thumbnail: np.ndarray
    edges: Edges
    drawing: int
    light: Light
    place: Place

    @property
    def flaw(self) -> str:
        """Why the frame is not to be learnt from, empty where nothing speaks against it."""
        return self.light.blank or ("blended" if self.place.blended else "")


def observe(reader: VideoReader, box: Box | None, on_frames: Callable[[int], None]) -> Iterator[Observation]:
    """Yield every frame of the reader in the order of time. Holds a few frames at a time, however long the episode."""
    watcher, drawings = ShotWatcher(), HeldDrawings()
    waiting: deque[tuple[Picture, Copies, int]] = deque()
    for picture in reader.pictures():
        small = copies(picture, box)
        waiting.append((picture, small, drawings.feed(small.grey)))
        place = watcher.feed(small.thumbnail)
        if place is not None:
            yield _observed(reader, *waiting.popleft(), place)
        if reader.report.frames % REPORT_FRAMES == 0:
            on_frames(REPORT_FRAMES)
    on_frames(reader.report.frames % REPORT_FRAMES)
    for left, place in zip(waiting, watcher.finish(), strict=True):
        yield _observed(reader, *left, place)


def _observed(reader: VideoReader, picture: Picture, small: Copies, drawing: int, place: Place) -> Observation:
    seconds = float((picture.pts - reader.start_pts) * reader.clip.time_base)
    number = round(seconds * reader.clip.frame_rate)
    grey = small.grey
    return Observation(picture, seconds, number, small.thumbnail, Edges.of(grey), drawing, Light.of(grey), place)
