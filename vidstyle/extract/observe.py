"""The frames of an episode as they are learnt from, each with what is measured on it."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vidstyle.analysis.borders import Box
from vidstyle.analysis.light import Light
from vidstyle.analysis.scale import square_pixels
from vidstyle.analysis.sharpness import MEASURING_SHORT_SIDE, Edges
from vidstyle.analysis.shots import ShotLabel, ShotWatcher
from vidstyle.analysis.thumbnails import Preview, grey_of_planes, grey_of_rgb
from vidstyle.media.clip import Clip
from vidstyle.media.picture import Picture
from vidstyle.media.read import VideoReader
from vidstyle.media.tonemap import bt709_pixels

REPORT_FRAMES = 8
"""After so many frames, progress is reported."""


@dataclass(frozen=True)
class Observation:
    """A frame, when it is shown and what is known of it; its picture is made, and measured, only when it is asked for.

    `seconds` and `frame` count from the first picture of the video. `energy` is the gradient energy of what lies in `box`.
    """

    picture: Picture
    box: Box | None
    seconds: float
    frame: int
    energy: float
    place: ShotLabel

    @property
    def grey(self) -> np.ndarray:
        """The grey copy that is measured, (h, w) uint8; made each time it is asked for, so that it takes no memory."""
        return _measuring_grey(self.picture, self.box)

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
        """The reason to reject the frame, empty where there is none."""
        return self.light.blank or ("blended" if self.place.blended else "")


def observe(reader: VideoReader, box: Box | None, on_frames: Callable[[int], None]) -> Iterator[Observation]:
    """Yield every frame of the reader in the order of time. Holds a few frames at a time, however long the episode.

    `on_frames` is called with the number of frames that were read since its last call.
    """
    watcher = ShotWatcher()
    waiting: deque[tuple[Picture, float]] = deque()

    def observed(place: ShotLabel) -> Observation:
        picture, energy = waiting.popleft()
        seconds = float((picture.pts - reader.start_pts) * reader.clip.time_base)
        return Observation(picture, box, seconds, round(seconds * reader.clip.frame_rate), energy, place)

    for picture in reader.pictures():
        glance = _glance_at(picture, box)
        waiting.append((picture, glance.energy))
        place = watcher.feed(glance.thumbnail)
        if place is not None:
            yield observed(place)
        if reader.report.frames % REPORT_FRAMES == 0:
            on_frames(REPORT_FRAMES)
    on_frames(reader.report.frames % REPORT_FRAMES)
    for place in watcher.finish():
        yield observed(place)


def training_picture(picture: Picture, box: Box | None) -> np.ndarray:
    """Return what lies in `box` as (h, w, 3) uint8 RGB with square pixels, in BT.709 and standard dynamic range."""
    rgb = to_bt709(picture.rgb, picture.clip)
    inside = np.ascontiguousarray(box.crop(rgb) if box else rgb)
    return square_pixels(inside, float(picture.clip.upright_aspect))


def to_bt709(rgb: np.ndarray, clip: Clip) -> np.ndarray:
    """Return a picture of `clip`, uint8 or uint16, as uint8 RGB in BT.709 and standard dynamic range."""
    if clip.colour.is_hdr or clip.colour.is_wide:
        return bt709_pixels(rgb, clip)
    return rgb if rgb.dtype == np.uint8 else np.rint(rgb / np.float32(257)).astype(np.uint8)


def _glance_at(picture: Picture, box: Box | None) -> Preview:
    """Return thumbnail and energy of what lies in `box`, from the coded samples wherever these can be read."""
    planes = picture.planes
    return Preview.of_rgb(_reduced(picture, box)) if planes is None else Preview.of_planes(planes, box)


def _measuring_grey(picture: Picture, box: Box | None) -> np.ndarray:
    """Return the grey copy of what lies in `box`, (h, w) uint8, from the coded samples wherever these can be read."""
    aspect, planes = float(picture.clip.upright_aspect), picture.planes
    return grey_of_rgb(_reduced(picture, box), aspect) if planes is None else grey_of_planes(planes, box, aspect)


def _reduced(picture: Picture, box: Box | None) -> np.ndarray:
    reduced = to_bt709(picture.reduced(MEASURING_SHORT_SIDE), picture.clip)
    if box is None:
        return reduced
    scale = reduced.shape[1] / picture.clip.upright_size[0]
    return np.ascontiguousarray(box.scaled(scale).crop(reduced))
