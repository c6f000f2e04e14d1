"""From the source to finished segments: decoding, painting and encoding on three threads."""

from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from fractions import Fraction
from time import monotonic
from typing import Any

from vidstyle.errors import Interrupted
from vidstyle.interrupt import StopRequest, stop_on_signal
from vidstyle.media.mux import Cut
from vidstyle.media.read import Position
from vidstyle.models.tensor_file import load_state
from vidstyle.progress import OnProgress, Progress
from vidstyle.render.frame_source import SegmentBatch, read_batches, reader_from, replay_before
from vidstyle.render.journal import Journal, Reading, ResumePoint, Segment, SegmentEnd
from vidstyle.render.painter import Painter
from vidstyle.render.plan import VideoPlan
from vidstyle.render.resume import EarlierWork
from vidstyle.render.segment_writer import SegmentWriter
from vidstyle.render.settings import RenderSettings
from vidstyle.render.threads import compute_in_parallel, pipeline
from vidstyle.render.work_folder import RenderFolder


@dataclass(frozen=True)
class VideoJob:
    """One video to render: its plan, its work folder and fingerprint, what an earlier run left of it, and how to render it."""

    plan: VideoPlan
    folder: RenderFolder
    fingerprint: dict[str, Any]
    earlier: EarlierWork
    settings: RenderSettings
    on_progress: OnProgress


@dataclass(frozen=True)
class SegmentRange:
    """Segments of a video to paint in a row into a folder, from `begin` to before segment `until`, None being the end."""

    plan: VideoPlan
    settings: RenderSettings
    folder: RenderFolder
    begin: ResumePoint
    until: int | None = None


@dataclass(frozen=True)
class PaintProgress:
    """How many frames of the video are painted by now, and which segments were finished since the last progress."""

    frames: int
    finished: tuple[Segment, ...]


def paint_rest(job: VideoJob, painter: Painter) -> None:
    """Paint what is left of a video, until all its segments and the journal's reading are there.

    Raises Interrupted after Ctrl-C, once the segment under way is kept, and whatever reading, painting and writing raise.
    """
    segments = SegmentRange(job.plan, job.settings, job.folder, job.earlier.resume_point(job.folder))
    with stop_on_signal() as stop, closing(paint_segments(segments, painter, stop)) as steps:
        report = _Reporter(job, stop)
        for step in steps:
            report(step.frames)
        if stop.asked:
            raise stopped(job.plan, job.folder, report.frames)


def paint_segments(segments: SegmentRange, painter: Painter, stop: StopRequest) -> Generator[PaintProgress]:
    """Paint segments and yield the progress; at the end all of them are there, and the reading if the video is complete.

    Raises Interrupted after the segment under way when a stop is asked for, and whatever reading, painting and writing
    raise.
    """
    plan, settings, begin = segments.plan, segments.settings, segments.begin
    with ExitStack() as opened:
        _restore(painter, segments)
        reader = opened.enter_context(reader_from(begin.position, plan.clip, settings))
        writer = opened.enter_context(SegmentWriter(segments.folder, plan.form, begin))
        clock = Clock(reader.start_pts, plan.clip.origin_pts, moves=bool(settings.start))
        if begin.shift is not None:
            clock.shift = begin.shift

        def paint(read: SegmentBatch) -> SegmentBatch:
            return replace(read, on_device=painter.compute(read.on_device, plan.sizes, sixteen_bit=plan.sixteen_bit))

        def compute(batches: Iterable[SegmentBatch]) -> Iterator[SegmentBatch]:
            for painted in compute_in_parallel(paint, batches, painter.parallel):
                batch = replace(painted.batch, pts=clock.move(painted.batch.pts))
                end = _end(painted.position, clock, painter, painted.repeated) if painted.position else None
                yield replace(painted, batch=batch, end=end)

        def write(painted: SegmentBatch) -> PaintProgress:
            frames = painter.download(painted.on_device)
            written = writer.write(replace(painted.batch, frames=frames), painted.end)
            if painted.end is not None and stop.asked:
                writer.wait()
                raise stopped(plan, segments.folder, written)
            return PaintProgress(written, writer.take_finished())

        yield from pipeline(_up_to_end(segments, read_batches(reader, painter, settings)), compute, write)
        writer.end(_end(reader.position(), clock, painter, painter.repeated))
        writer.wait()
        yield PaintProgress(writer.frames, writer.take_finished())
        if segments.until is None:
            Journal(segments.folder.journal).append("reading", Reading(reader.report, reader.start_pts))


def _restore(painter: Painter, segments: SegmentRange) -> None:
    """Restore the painter's state as of the first segment."""
    begin = segments.begin
    painter.forget()
    if begin.progress is not None:
        painter.restore(begin.progress)
    if painter.averages or (begin.state is None and painter.looks_back):
        replay_before(painter, begin, segments.plan.clip, segments.plan.sizes, segments.settings)
    if begin.state is not None:
        painter.load_state(load_state(begin.state))


def _up_to_end(segments: SegmentRange, batches: Iterable[SegmentBatch]) -> Iterator[SegmentBatch]:
    """Yield the batches up to the end of the segments."""
    last = None if segments.until is None else segments.until * segments.settings.segment
    for batch in batches:
        yield batch
        if batch.position is not None and batch.position.pictures == last:
            return


def _end(position: Position, clock: "Clock", painter: Painter, repeated: int) -> SegmentEnd:
    return SegmentEnd(position, clock.shift or 0, painter.progress(repeated), painter.state())


def stopped(plan: VideoPlan, folder: RenderFolder, frames: int) -> Interrupted:
    """Return the error that says that the run stopped after `frames` frames, which are kept."""
    of = f" of {plan.frames:,}" if plan.frames and plan.frames >= frames else ""
    return Interrupted(
        f"Stopped after {frames:,}{of} frames of {folder.target.name}; they are kept. Give the same command to go on."
    )


class Clock:
    """Moves all times so that the source's origin becomes 0, and so that a cut begins where its source begins."""

    def __init__(self, start_pts: int, origin_pts: int, *, moves: bool) -> None:
        self.start_pts, self.origin_pts, self.moves = start_pts, origin_pts, moves
        self.shift: int | None = None if moves else origin_pts

    def move(self, pts: tuple[int, ...]) -> tuple[int, ...]:
        """Return the times in the result, in ticks."""
        if self.shift is None:
            self.shift = pts[0] - self.start_pts + self.origin_pts
        return tuple(time - self.shift for time in pts)

    def cut(self, time_base: Fraction, end_seconds: float | None) -> Cut:
        """Return the painted range in seconds of the source's own clock."""
        begin, shift = self.start_pts * time_base, (self.shift or 0) * time_base
        end = None if end_seconds is None else begin + Fraction(end_seconds)
        return Cut(begin + shift - self.origin_pts * time_base if self.moves else None, end, shift)


class _Reporter:
    """Reports the progress with frames a second, and once that the run is about to stop."""

    def __init__(self, job: VideoJob, stop: StopRequest) -> None:
        self.job, self.stop = job, stop
        self.began, self.told_of_stop = monotonic(), False
        self.frames = job.earlier.frames

    def __call__(self, frames: int) -> None:
        if frames == self.frames:
            return
        self.frames = frames
        plan, earlier = self.job.plan, self.job.earlier.frames
        fps = (frames - earlier) / max(monotonic() - self.began, 1e-6)
        total = None if plan.frames is None else max(plan.frames, frames)
        note = ""
        if self.stop.asked and not self.told_of_stop:
            self.told_of_stop = True
            note = "Finishing the segment under way, then stopping. Ctrl-C again stops at once."
        self.job.on_progress(Progress(plan.clip.path.name, frames, total, "frames", {"fps": fps}, note))
