"""Streaming an episode: every frame glanced at, its place in the film known a few frames later, and the rest when asked."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vidstyle.analysis.borders import Box
from vidstyle.analysis.light import Light
from vidstyle.analysis.sharpness import Edges
from vidstyle.analysis.shots import Place, ShotWatcher
from vidstyle.extract.picture import glance, measured_on
from vidstyle.media.picture import Picture
from vidstyle.media.read import VideoReader

REPORT_FRAMES = 8


@dataclass(frozen=True)
class Observation:
    """A frame, when it is shown and what is known of it; its picture is made, and measured, only when it is asked for.

    `seconds` and `frame` count from the first picture of the video; `energy` is the gradient energy of what lies in `box`.
    """

    picture: Picture
    box: Box | None
    seconds: float
    frame: int
    energy: float
    place: Place

    @property
    def grey(self) -> np.ndarray:
        """The grey copy that measures are taken on, (h, w) uint8; made anew each time, so that it is not held."""
        return measured_on(self.picture, self.box)

    @cached_property
    def _measures(self) -> tuple[Edges, Light]:
        grey = self.grey
        return Edges.of(grey), Light.of(grey)

    @property
    def edges(self) -> Edges:
        """Its clear edges."""
        return self._measures[0]

    @property
    def light(self) -> Light:
        """Its brightness and its spread of tones."""
        return self._measures[1]

    @property
    def flaw(self) -> str:
        """Why the frame is not to be learnt from, empty where nothing speaks against it."""
        return self.light.blank or ("blended" if self.place.blended else "")


def observe(reader: VideoReader, box: Box | None, on_frames: Callable[[int], None]) -> Iterator[Observation]:
    """Yield every frame of the reader in the order of time. Holds a few frames at a time, however long the episode."""
    watcher = ShotWatcher()
    waiting: deque[tuple[Picture, float]] = deque()

    def observed(place: Place) -> Observation:
        picture, energy = waiting.popleft()
        seconds = float((picture.pts - reader.start_pts) * reader.clip.time_base)
        return Observation(picture, box, seconds, round(seconds * reader.clip.frame_rate), energy, place)

    for picture in reader.pictures():
        seen = glance(picture, box)
        waiting.append((picture, seen.energy))
        place = watcher.feed(seen.thumbnail)
        if place is not None:
            yield observed(place)
        if reader.report.frames % REPORT_FRAMES == 0:
            on_frames(REPORT_FRAMES)
    on_frames(reader.report.frames % REPORT_FRAMES)
    for place in watcher.finish():
        yield observed(place)
