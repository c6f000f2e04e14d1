"""The source's frames on their way to the device, from where painting begins or goes on."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from vidstyle.errors import DamagedError
from vidstyle.media.background import parse_colour
from vidstyle.media.clip import Batch, Clip
from vidstyle.media.read import Position, VideoReader
from vidstyle.media.resume import ResumedReader
from vidstyle.render.journal import Start
from vidstyle.render.painter import DeviceFrames, Painter
from vidstyle.render.settings import RenderSettings
from vidstyle.render.sizes import Sizes


@dataclass(frozen=True)
class Read:
    """A batch, its frames on the device, the frames of its segment repeated so far, and where the segment ends, if there."""

    batch: Batch
    staged: DeviceFrames
    repeated: int
    place: Position | None


def asked_range(settings: RenderSettings) -> dict[str, Any]:
    """Return the arguments of a reader that `settings` ask for."""
    asked: dict[str, Any] = {"start_seconds": settings.start, "end_seconds": settings.end}
    return asked | {"background": parse_colour(settings.background), "deinterlace": settings.deinterlace}


def reader_from(place: Position | None, clip: Clip, settings: RenderSettings) -> VideoReader:
    """Return the reader that goes on after `place`; None: from the beginning of the asked range."""
    if place is None:
        return VideoReader(clip, **asked_range(settings))
    return ResumedReader(clip, place, **asked_range(settings))


def read(reader: VideoReader, painter: Painter, settings: RenderSettings) -> Iterator[Read]:
    """Yield the batches of the source, on their way to the device; nothing of a segment depends on the one before."""
    begins = True
    for batch in reader.batches(painter.config.batch, settings.segment):
        refuse_damage(reader, batch.pts[0], settings)
        ends = reader.report.frames % settings.segment == 0
        staged = painter.upload(batch.frames, reset=begins)
        yield Read(batch, staged, painter.repeated, reader.position() if ends else None)
        begins = ends


def refuse_damage(reader: VideoReader, pts: int, settings: RenderSettings) -> None:
    """Raise DamagedError when the settings are strict and damage was met by the time `pts`."""
    if settings.strict and (reader.report.held or reader.report.concealed):
        raise DamagedError(
            f"{reader.clip.path} is damaged near {float(pts * reader.clip.time_base):.1f} s. "
            "Without --strict it is rendered as far as it goes."
        )


def look_back(painter: Painter, start: Start, clip: Clip, sizes: Sizes, settings: RenderSettings) -> None:
    """Let the painter remember what it would if it had painted all that comes before `start`.

    The frames are dealt out in the same batches, so that what is remembered has the same bits.
    """
    earlier: deque[DeviceFrames] = deque()
    for place in start.before if painter.looks_back else ():
        earlier = _last_before(painter, start, reader_from(place, clip, settings), settings)
        if _distinct(earlier) >= painter.looks_back:
            break
    painter.load_state({})
    for staged in earlier:
        painter.observe(staged, sizes)


def _last_before(painter: Painter, start: Start, opened: VideoReader, settings: RenderSettings) -> deque[DeviceFrames]:
    """Return the last batches before `start` that hold enough distinct frames, or all that there are."""
    assert start.place is not None, "nothing is before the first segment"
    last: deque[DeviceFrames] = deque()
    with opened as reader:
        for one in read(reader, painter, settings):
            if one.staged.distinct is not None:
                last.append(one.staged)
            while _distinct(last) - _distinct([last[0]]) >= painter.looks_back:
                last.popleft()
            if reader.report.frames >= start.place.pictures:
                break
    return last


def _distinct(staged: deque[DeviceFrames] | list[DeviceFrames]) -> int:
    return sum(len(one.distinct.pixels) for one in staged if one.distinct is not None)
