"""From the source to finished segments: decoding, painting and encoding on three threads."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from fractions import Fraction
from time import monotonic
from typing import Any

from vidstyle.errors import DamagedError, Interrupted
from vidstyle.interrupt import StopRequest, stop_on_signal
from vidstyle.media.background import parse_colour
from vidstyle.media.clip import Batch
from vidstyle.media.mux import Cut
from vidstyle.media.position import Position
from vidstyle.media.read import VideoReader
from vidstyle.media.resume import ResumedReader
from vidstyle.models.state import load_state
from vidstyle.progress import OnProgress, Progress
from vidstyle.render.folder import RenderFolder
from vidstyle.render.journal import Journal, Reading
from vidstyle.render.kept import Kept
from vidstyle.render.paint import Painter, Staged
from vidstyle.render.pipeline import flow
from vidstyle.render.plan import VideoPlan
from vidstyle.render.segments import SegmentEnd, SegmentWriter
from vidstyle.render.settings import RenderSettings


@dataclass(frozen=True)
class Item:
    """A batch on its way: its frames on the device, the frames repeated so far, and where its segment ends, if there."""

    batch: Batch
    staged: Staged
    repeated: int
    place: Position | None
    end: SegmentEnd | None = None


@dataclass(frozen=True)
class Work:
    """One video to paint: its plan, where it waits, what an earlier run left of it, and how."""

    plan: VideoPlan
    folder: RenderFolder
    kept: Kept
    settings: RenderSettings
    on_progress: OnProgress


def paint(work: Work, painter: Painter) -> None:
    """Paint what is not kept until all segments and the journal's reading stand.

    Raises Interrupted once the segment under way is kept after Ctrl-C, and whatever reading, painting and writing raise.
    """
    plan, settings = work.plan, work.settings
    with ExitStack() as opened:
        reader = opened.enter_context(_reader(work))
        writer = opened.enter_context(SegmentWriter(work.folder, plan.form, work.kept))
        stop = opened.enter_context(stop_on_signal())
        clock = Clock(reader.start_pts, plan.clip.origin_pts, moves=bool(settings.start))
        _recall(work, painter, clock)

        def compute(item: Item) -> Item:
            made = painter.compute(item.staged, plan.sizes, deep=plan.deep)
            moved = replace(item.batch, pts=clock.moved(item.batch.pts))
            end = None if item.place is None else _end(item.place, clock, painter, item.repeated)
            return replace(item, batch=moved, staged=made, end=end)

        def write(item: Item) -> int:
            frames = writer.write(replace(item.batch, frames=painter.download(item.staged)), item.end)
            if item.end is not None and stop.asked:
                writer.wait()
                raise stopped(work, frames)
            return frames

        flow(_read(reader, painter, settings), compute, write, _Counter(work, stop))
        writer.end(_end(reader.position(), clock, painter, painter.repeated))
        writer.wait()
        Journal(work.folder.journal).append("reading", Reading(reader.report, reader.start_pts))
        if stop.asked:
            raise stopped(work, writer.frames)


def stopped(work: Work, frames: int) -> Interrupted:
    """Return word of a stop after `frames` frames that are kept."""
    of = f" of {work.plan.frames:,}" if work.plan.frames and work.plan.frames >= frames else ""
    return Interrupted(
        f"Stopped after {frames:,}{of} frames of {work.folder.target.name}; they are kept. "
        "Give the same command to go on."
    )


def _reader(work: Work) -> VideoReader:
    settings = work.settings
    asked: dict[str, Any] = {"start_seconds": settings.start, "end_seconds": settings.end}
    asked |= {"background": parse_colour(settings.background), "deinterlace": settings.deinterlace}
    if not work.kept.segments:
        return VideoReader(work.plan.clip, **asked)
    return ResumedReader(work.plan.clip, work.kept.segments[-1].place, **asked)


def _recall(work: Work, painter: Painter, clock: "Clock") -> None:
    """Bring painter and clock to where they stood after the last kept segment."""
    if not work.kept.segments:
        return
    last = work.kept.segments[-1]
    clock.shift = last.shift
    painter.take_up(last.standing)
    if last.state:
        painter.load_state(load_state(work.folder.state(last.number)))


def _end(place: Position, clock: "Clock", painter: Painter, repeated: int) -> SegmentEnd:
    return SegmentEnd(place, clock.shift or 0, painter.standing(repeated), painter.state())


def _read(reader: VideoReader, painter: Painter, settings: RenderSettings) -> Iterator[Item]:
    """Yield the batches of the source, on their way to the device; nothing of a segment depends on the one before."""
    begins = True
    for batch in reader.batches(painter.resolved.batch, settings.segment):
        if settings.strict and (reader.report.held or reader.report.concealed):
            raise DamagedError(
                f"{reader.clip.path} is damaged near {float(batch.pts[0] * batch.time_base):.1f} s. "
                "Without --strict it is rendered as far as it goes."
            )
        ends = reader.report.frames % settings.segment == 0
        staged = painter.upload(batch.frames, anew=begins)
        yield Item(batch, staged, painter.repeated, reader.position() if ends else None)
        begins = ends


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

    def __call__(self, frames: int) -> None:
        plan, kept = self.work.plan, self.work.kept.pictures
        fps = (frames - kept) / max(monotonic() - self.began, 1e-6)
        total = None if plan.frames is None else max(plan.frames, frames)
        note = ""
        if self.stop.asked and not self.told:
            self.told = True
            note = "Finishing the segment under way, then stopping. Ctrl-C again stops at once."
        self.work.on_progress(Progress(plan.clip.path.name, frames, total, "frames", {"fps": fps}, note))
