"""From the source to finished segments: decoding, painting and encoding on three threads."""

from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from fractions import Fraction
from time import monotonic
from typing import Any

from vidstyle.errors import Interrupted
from vidstyle.interrupt import StopRequest, stop_on_signal
from vidstyle.media.clip import Batch
from vidstyle.media.mux import Cut
from vidstyle.media.read import Position
from vidstyle.models.tensor_file import load_state
from vidstyle.progress import OnProgress, Progress
from vidstyle.render.frame_source import Read, look_back, read, reader_from
from vidstyle.render.journal import Journal, Reading, Segment, Start
from vidstyle.render.painter import DeviceFrames, Painter
from vidstyle.render.plan import VideoPlan
from vidstyle.render.resume import Kept
from vidstyle.render.segment_writer import SegmentEnd, SegmentWriter
from vidstyle.render.settings import RenderSettings
from vidstyle.render.threads import flowing
from vidstyle.render.work_folder import RenderFolder


@dataclass(frozen=True)
class Item:
    """A batch on its way: its frames on the device, and where its segment ends, if it does there."""

    batch: Batch
    staged: DeviceFrames
    end: SegmentEnd | None


@dataclass(frozen=True)
class Work:
    """One video to render: its plan, where it waits, what it is made of, what an earlier run left of it, and how."""

    plan: VideoPlan
    folder: RenderFolder
    content: dict[str, Any]
    kept: Kept
    settings: RenderSettings
    on_progress: OnProgress


@dataclass(frozen=True)
class SegmentRange:
    """Segments of a video to paint in a row into a folder, from `start` to before segment `until`, or to the end."""

    plan: VideoPlan
    settings: RenderSettings
    folder: RenderFolder
    start: Start
    until: int | None = None


@dataclass(frozen=True)
class Step:
    """How many frames of the video are painted once these are, and the segments finished since the step before."""

    frames: int
    finished: tuple[Segment, ...]


def paint(work: Work, painter: Painter) -> None:
    """Paint what is not kept until all segments and the journal's reading stand.

    Raises Interrupted once the segment under way is kept after Ctrl-C, and whatever reading, painting and writing raise.
    """
    stretch = SegmentRange(work.plan, work.settings, work.folder, work.kept.start(work.folder))
    with stop_on_signal() as stop, closing(painted(stretch, painter, stop)) as steps:
        count = _Counter(work, stop)
        for step in steps:
            count(step.frames)
        if stop.asked:
            raise stopped(work.plan, work.folder, count.frames)


def painted(stretch: SegmentRange, painter: Painter, stop: StopRequest) -> Generator[Step]:
    """Paint a stretch and yield how far it is; at its end every segment stands, and the reading where that is complete.

    Raises Interrupted after the segment under way when a stop is asked for, and whatever reading, painting and writing
    raise.
    """
    plan, settings, start = stretch.plan, stretch.settings, stretch.start
    with ExitStack() as opened:
        _recall(stretch, painter)
        reader = opened.enter_context(reader_from(start.place, plan.clip, settings))
        writer = opened.enter_context(SegmentWriter(stretch.folder, plan.form, start))
        clock = Clock(reader.start_pts, plan.clip.origin_pts, moves=bool(settings.start))
        clock.shift = clock.shift if start.shift is None else start.shift

        def compute(one: Read) -> Item:
            made = painter.compute(one.staged, plan.sizes, sixteen_bit=plan.sixteen_bit)
            moved = replace(one.batch, pts=clock.moved(one.batch.pts))
            return Item(moved, made, None if one.place is None else _end(one.place, clock, painter, one.repeated))

        def write(item: Item) -> Step:
            frames = writer.write(replace(item.batch, frames=painter.download(item.staged)), item.end)
            if item.end is not None and stop.asked:
                writer.wait()
                raise stopped(plan, stretch.folder, frames)
            return Step(frames, writer.finished())

        yield from flowing(_up_to(stretch, read(reader, painter, settings)), compute, write)
        writer.end(_end(reader.position(), clock, painter, painter.repeated))
        writer.wait()
        yield Step(writer.frames, writer.finished())
        if stretch.until is None:
            Journal(stretch.folder.journal).append("reading", Reading(reader.report, reader.start_pts))


def _up_to(stretch: SegmentRange, frames: Iterable[Read]) -> Iterator[Read]:
    """Yield what is read up to the end of the stretch."""
    last = None if stretch.until is None else stretch.until * stretch.settings.segment
    for one in frames:
        yield one
        if one.place is not None and one.place.pictures == last:
            return


def stopped(plan: VideoPlan, folder: RenderFolder, frames: int) -> Interrupted:
    """Return word of a stop after `frames` frames that are kept."""
    of = f" of {plan.frames:,}" if plan.frames and plan.frames >= frames else ""
    return Interrupted(
        f"Stopped after {frames:,}{of} frames of {folder.target.name}; they are kept. Give the same command to go on."
    )


def _recall(stretch: SegmentRange, painter: Painter) -> None:
    """Bring the painter to where one stands that has painted all that comes before the stretch."""
    start = stretch.start
    if start.standing is not None:
        painter.restore(start.standing)
    if start.state is not None:
        painter.load_state(load_state(start.state))
    elif painter.looks_back:
        look_back(painter, start, stretch.plan.clip, stretch.plan.sizes, stretch.settings)


def _end(place: Position, clock: "Clock", painter: Painter, repeated: int) -> SegmentEnd:
    return SegmentEnd(place, clock.shift or 0, painter.progress(repeated), painter.state())


class Clock:
    """Moves all times so that the source's origin is 0, and a cut begins where its source begins."""

    def __init__(self, start_pts: int, origin_pts: int, *, moves: bool) -> None:
        self.start_pts, self.origin_pts, self.moves = start_pts, origin_pts, moves
        self.shift: int | None = None if moves else origin_pts

    def moved(self, pts: tuple[int, ...]) -> tuple[int, ...]:
        """Return the times in the result, in ticks."""
        if self.shift is None:
            self.shift = pts[0] - self.start_pts + self.origin_pts
        return tuple(time - self.shift for time in pts)

    def cut(self, time_base: Fraction, end_seconds: float | None) -> Cut:
        """Return the painted stretch in seconds of the source's own clock."""
        begin, shift = self.start_pts * time_base, (self.shift or 0) * time_base
        end = None if end_seconds is None else begin + Fraction(end_seconds)
        return Cut(begin + shift - self.origin_pts * time_base if self.moves else None, end, shift)


class _Counter:
    """Tells the progress with frames a second, and once that the run is about to stop."""

    def __init__(self, work: Work, stop: StopRequest) -> None:
        self.work, self.stop = work, stop
        self.began, self.told = monotonic(), False
        self.frames = work.kept.pictures

    def __call__(self, frames: int) -> None:
        if frames == self.frames:
            return
        self.frames = frames
        plan, kept = self.work.plan, self.work.kept.pictures
        fps = (frames - kept) / max(monotonic() - self.began, 1e-6)
        total = None if plan.frames is None else max(plan.frames, frames)
        note = ""
        if self.stop.asked and not self.told:
            self.told = True
            note = "Finishing the segment under way, then stopping. Ctrl-C again stops at once."
        self.work.on_progress(Progress(plan.clip.path.name, frames, total, "frames", {"fps": fps}, note))
