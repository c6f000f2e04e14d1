"""One video, from its source to the whole result under its name."""

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from vidstyle.checksum import begins_as, sha256_or_empty
from vidstyle.errors import DamagedError, InputError, Interrupted, OutputError, VidstyleError
from vidstyle.files import flush, whole_file
from vidstyle.media.join import Piece, join
from vidstyle.media.mux import Cut, Showing, mux, showing_of
from vidstyle.media.muxing.closed_captions import ENCODERS
from vidstyle.media.muxing.projection import mark_projection
from vidstyle.media.read import ReadReport
from vidstyle.render.journal import FileMark, Joined, Journal, Reading
from vidstyle.render.paint_segments import Clock, VideoJob, paint_rest, stopped
from vidstyle.render.painter import Painter
from vidstyle.render.painter_config import PainterProgress
from vidstyle.render.plan import VideoPlan
from vidstyle.render.resume import EarlierWork, read_journal

NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class VideoResult:
    """What became of one video: the report on its source, the painter's progress at its end, repeated frames, warnings."""

    report: ReadReport
    progress: PainterProgress
    repeated: int
    warnings: tuple[str, ...]


def render_video(job: VideoJob, painter: Painter | None) -> VideoResult:
    """Paint a video into its target, which appears when it is whole; no painter is needed when all of it is painted.

    Finished segments outlive every failure. Raises DamagedError for a damaged source when the settings are strict,
    Interrupted, and whatever reading, painting and writing raise.
    """
    with _explain_interrupt(job):
        if painter is not None:
            paint_rest(job, painter)
        done = read_journal(job.folder)
        report = _reading(done).report
        if job.settings.strict and report.damaged:
            raise DamagedError(f"{' '.join(report.warnings)} Without --strict it is rendered as far as it goes.")
        if done.joined is None:
            _join(job, done)
        _check_source(job)
        complaints = _publish(job, done)
    return video_result(job.plan, done, complaints)


def video_result(plan: VideoPlan, done: EarlierWork, complaints: Sequence[str] = ()) -> VideoResult:
    """Return the result of a finished video; `complaints` are those of adding all but the pictures."""
    report = _reading(done).report
    warnings = [*plan.warnings, *report.warnings, *_miscount(plan, report), *_captions_lost(plan, report), *done.notes]
    warnings += [f"{plan.clip.path}: {complaint}" for complaint in complaints]
    return VideoResult(report, done.segments[-1].progress, done.repeated, tuple(warnings))


def _reading(done: EarlierWork) -> Reading:
    assert done.reading is not None, "all is painted"
    return done.reading


def _miscount(plan: VideoPlan, report: ReadReport) -> list[str]:
    if report.frames == report.packets:
        return []
    return [f"{plan.clip.path}: {report.packets} packets gave {report.frames} pictures; all of them were painted."]


def _captions_lost(plan: VideoPlan, report: ReadReport) -> list[str]:
    encoder = plan.form.codec.name
    if not report.captions or encoder in ENCODERS:
        return []
    others = " or ".join(ENCODERS)
    return [f"{plan.clip.path}: closed captions are left out: {encoder} does not write them, --codec {others} does."]


@contextmanager
def _explain_interrupt(job: VideoJob) -> Iterator[None]:
    """Say of a failure, or of an interrupt, what is kept and how to go on."""
    try:
        with explain_failure(job):
            yield
    except KeyboardInterrupt:
        if frames := read_journal(job.folder).frames:
            raise stopped(job.plan, job.folder, frames) from None
        raise


@contextmanager
def explain_failure(job: VideoJob) -> Iterator[None]:
    """Say of a failure what is kept and how to go on; raises OutputError where the disk is full."""
    try:
        yield
    except Interrupted:
        raise
    except (VidstyleError, OSError) as error:
        frames = read_journal(job.folder).frames
        if _is_full(error):
            raise _disk_full(job, frames) from error
        if frames:
            error.add_note(f"{frames:,} painted frames are kept for the next run.")
        raise


def _is_full(error: BaseException | None) -> bool:
    """Whether an error, or one that led to it, says that the file system has no space left."""
    if error is None:
        return False
    return (
        getattr(error, "errno", None) in NO_SPACE
        or os.strerror(errno.ENOSPC) in str(error)
        or _is_full(error.__cause__)
    )


def _disk_full(job: VideoJob, frames: int) -> OutputError:
    target = job.folder.target
    way_out = "or write elsewhere with -o."
    if frames:
        way_out = f"and give the same command: {frames:,} painted frames are kept, it goes on after them."
    return OutputError(f"{target.parent} is full, {target.name} needs more room. Free some space {way_out}")


def _join(job: VideoJob, done: EarlierWork) -> None:
    """Make one file of the segments, whose own files go when it is on the disk."""
    folder = job.folder
    pieces = [
        Piece(folder.segment(segment.number), segment.coded_pts, segment.last_duration) for segment in done.segments
    ]
    with whole_file(folder.joined) as partial:
        join(pieces, job.plan.form.time_base, partial)
        if not job.plan.container.keeps_ticks:
            mark_projection(partial, job.plan.clip.upright_projection)
    Journal(folder.journal).append("joined", Joined(sha256_or_empty(folder.joined)))
    folder.keep_only({folder.manifest, folder.journal, folder.joined})


def _check_source(job: VideoJob) -> None:
    """Raise InputError where the source is another file by now, whose sound would not belong to the pictures."""
    path = job.plan.clip.path
    if path.exists() and not begins_as(path, job.fingerprint["source"]["content"]):
        raise InputError(
            f"{path} was replaced by another file while it was painted, so its sound does not belong to the pictures. "
            "Put the first file back with its time, and give the same command; or render the new one."
        )


def _cut(job: VideoJob, done: EarlierWork) -> Cut:
    """Return the range of the source that was painted, for its sound."""
    clip = job.plan.clip
    clock = Clock(_reading(done).start_pts, clip.origin_pts, moves=bool(job.settings.start))
    clock.shift = done.segments[0].shift
    return clock.cut(clip.time_base, job.settings.end)


def _showing(job: VideoJob, done: EarlierWork) -> Showing:
    """Return how the pictures of the result are shown."""
    coded_pts = [pts for segment in done.segments for pts in segment.coded_pts]
    return showing_of(coded_pts, done.segments[-1].last_duration, job.plan.form.time_base)


def _publish(job: VideoJob, done: EarlierWork) -> list[str]:
    """Add the sound and everything else to the pictures and give the target its name; return the complaints."""
    folder, plan = job.folder, job.plan
    result, aspect, restarts = folder.result, plan.form.display_aspect, _reading(done).report.restarts
    cut, showing = _cut(job, done), _showing(job, done)
    try:
        complaints = mux(folder.joined, plan.clip, plan.tracks, plan.container, cut, aspect, result, restarts, showing)
        flush(result)
        Journal(folder.journal).append("result", FileMark.of(result))
        result.replace(folder.target)
    finally:
        result.unlink(missing_ok=True)
    flush(folder.target.parent)
    folder.remove()
    return complaints
