"""One video, from its source to the whole result."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from time import monotonic

from vidstyle.atomic import partial_path, whole_file
from vidstyle.errors import DamagedError, OutputError
from vidstyle.media.background import parse_colour
from vidstyle.media.clip import Batch
from vidstyle.media.mux import Cut, mux
from vidstyle.media.read import ReadReport, VideoReader
from vidstyle.media.write import VideoWriter
from vidstyle.progress import OnProgress, Progress
from vidstyle.render.paint import Painter
from vidstyle.render.pipeline import flow
from vidstyle.render.plan import VideoPlan
from vidstyle.render.settings import RenderSettings


@dataclass(frozen=True)
class Rendered:
    """What became of one video: frames written, what was read, what the user should know."""

    frames: int
    report: ReadReport
    warnings: tuple[str, ...]


def render_video(
    plan: VideoPlan, target: Path, painter: Painter, settings: RenderSettings, on_progress: OnProgress
) -> Rendered:
    """Paint the video of `plan` into `target`, which appears when it is whole.

    Raises DamagedError for a damaged source when the settings are strict, and whatever reading, painting and writing raise.
    """
    with _painting(target, plan) as painted:
        report, cut = _paint(plan, painted, target.name, painter, settings, on_progress)
        if settings.strict and report.damaged:
            raise DamagedError(f"{' '.join(report.warnings)} Without --strict it is rendered as far as it goes.")
        with whole_file(target) as partial:
            aspect = plan.form.display_aspect
            complaints = mux(painted, plan.clip, plan.tracks, plan.container, cut, aspect, partial)
    said = [*plan.warnings, *report.warnings, *_miscount(plan, report), *painter.notes]
    if complaints:
        said.append(f"{plan.clip.path}: a converted sound or subtitle track is damaged: {complaints[0]}")
    return Rendered(report.frames, report, tuple(said))


@contextmanager
def _painting(target: Path, plan: VideoPlan) -> Iterator[Path]:
    """Yield the name under which the pictures wait for their sound; the file is gone when the block ends."""
    path = partial_path(target.with_name(f"{target.stem}.painted{plan.form.codec.workshop}"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"Cannot create the folder {path.parent}: {error.strerror}. Choose another with -o."
        ) from error
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _paint(
    plan: VideoPlan, painted: Path, name: str, painter: Painter, settings: RenderSettings, on_progress: OnProgress
) -> tuple[ReadReport, Cut]:
    """Decode, paint and encode on three threads; return what was read and which stretch of the source it is."""
    reader = VideoReader(
        plan.clip,
        start_seconds=settings.start,
        end_seconds=settings.end,
        background=parse_colour(settings.background),
        deinterlace=settings.deinterlace,
    )
    with reader, VideoWriter(painted, plan.form, name) as writer:
        clock = _Clock(reader.start_pts, plan.clip.origin_pts, moves=bool(settings.start))

        def paint(batch: Batch) -> Batch:
            frames = painter.paint(batch.frames, plan.sizes, deep=plan.deep)
            return replace(batch, frames=frames, pts=clock.moved(batch.pts))

        def write(batch: Batch) -> int:
            writer.write(batch)
            return writer.frames

        flow(_read(reader, painter.batch, settings), paint, write, _Counter(plan, on_progress))
    return reader.report, clock.cut(plan.clip.time_base, settings.end)


def _read(reader: VideoReader, size: int, settings: RenderSettings) -> Iterator[Batch]:
    for batch in reader.batches(size):
        if settings.strict and (reader.report.held or reader.report.concealed):
            raise DamagedError(
                f"{reader.clip.path} is damaged near {float(batch.pts[0] * batch.time_base):.1f} s. "
                "Without --strict it is rendered as far as it goes."
            )
        yield batch


class _Clock:
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
    """Tells the progress with frames a second."""

    def __init__(self, plan: VideoPlan, on_progress: OnProgress) -> None:
        self.name, self.total, self.on_progress = plan.clip.path.name, plan.frames, on_progress
        self.began = monotonic()

    def __call__(self, frames: int) -> None:
        fps = frames / max(monotonic() - self.began, 1e-6)
        total = None if self.total is None else max(self.total, frames)
        self.on_progress(Progress(self.name, frames, total, "frames", {"fps": fps}))


def _miscount(plan: VideoPlan, report: ReadReport) -> list[str]:
    if report.frames == report.packets:
        return []
    return [f"{plan.clip.path}: {report.packets} packets gave {report.frames} pictures; all of them were painted."]
