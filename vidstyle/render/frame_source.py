"""The source's frames on their way to the device, from where painting begins or goes on."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from vidstyle.errors import DamagedError
from vidstyle.media.clip import Batch, Clip
from vidstyle.media.read import Position, VideoReader
from vidstyle.media.reading_options import parse_colour
from vidstyle.render.journal import ResumePoint, SegmentEnd
from vidstyle.render.painter import DeviceFrames, Painter
from vidstyle.render.settings import RenderSettings
from vidstyle.render.sizes import Sizes


@dataclass(frozen=True)
class SegmentBatch:
    """A batch of frames of one segment on its way from thread to thread, from the decoder to the encoder.

    `on_device` are the frames of the source at first, and the painted ones afterwards. `repeated` counts the frames of the
    segment that repeat the one before, so far. `position` is where the segment ends in the source, None before its last
    batch; painting then adds the `end`.
    """

    batch: Batch
    on_device: DeviceFrames
    repeated: int
    position: Position | None
    end: SegmentEnd | None = None


def reader_options(settings: RenderSettings) -> dict[str, Any]:
    """Return the keywords of a reader that gives what `settings` ask for."""
    return {
        "start_seconds": settings.start,
        "end_seconds": settings.end,
        "background": parse_colour(settings.background),
        "deinterlace": settings.deinterlace,
    }


def reader_from(position: Position | None, clip: Clip, settings: RenderSettings) -> VideoReader:
    """Return the reader that goes on after `position`; None is the beginning of the range that is asked for."""
    return VideoReader(clip, start_after=position, **reader_options(settings))


def read_batches(reader: VideoReader, painter: Painter, settings: RenderSettings) -> Iterator[SegmentBatch]:
    """Yield the batches of the source, on their way to the device; no segment depends on repeats in the one before."""
    begins = True
    for batch in reader.batches(painter.config.batch, settings.segment):
        refuse_damage(reader, batch.pts[0], settings)
        ends = reader.report.frames % settings.segment == 0
        on_device = painter.upload(batch.frames, reset=begins)
        yield SegmentBatch(batch, on_device, painter.repeated, reader.position() if ends else None)
        begins = ends


def refuse_damage(reader: VideoReader, pts: int, settings: RenderSettings) -> None:
    """Raise DamagedError when the settings are strict and damage was met by the time `pts`."""
    if settings.strict and (reader.report.held or reader.report.concealed):
        raise DamagedError(
            f"{reader.clip.path} is damaged near {float(pts * reader.clip.time_base):.1f} s. "
            "Without --strict it is rendered as far as it goes."
        )


def replay_before(painter: Painter, point: ResumePoint, clip: Clip, sizes: Sizes, settings: RenderSettings) -> None:
    """Let a painter that remembers nothing remember what it would if it had painted all that comes before `point`.

    It observes the frames in the same batches, so that what it remembers has the same bits.
    """
    earlier: deque[DeviceFrames] = deque()
    for position in point.rewind_points:
        painter.forget()
        earlier = _last_before(point, painter, reader_from(position, clip, settings), settings)
        if _count_distinct(earlier) >= painter.looks_back:
            break
    for frames in earlier:
        painter.observe(frames, sizes)


def _last_before(
    point: ResumePoint, painter: Painter, opened: VideoReader, settings: RenderSettings
) -> deque[DeviceFrames]:
    """Return the last batches before `point` that hold as many distinct frames as the painter looks back, or all."""
    assert point.position is not None, "nothing is before the first segment"
    last: deque[DeviceFrames] = deque()
    with opened as reader:
        for read in read_batches(reader, painter, settings):
            if read.on_device.distinct is not None:
                last.append(read.on_device)
            while _count_distinct(last) - _count_distinct([last[0]]) >= painter.looks_back:
                last.popleft()
            if reader.report.frames >= point.position.pictures:
                break
    return last


def _count_distinct(batches: Iterable[DeviceFrames]) -> int:
    return sum(len(frames.distinct.pixels) for frames in batches if frames.distinct is not None)
