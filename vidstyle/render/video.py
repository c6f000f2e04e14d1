"""One video, from its source to the whole result."""

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from vidstyle.errors import DamagedError, Interrupted, OutputError, VidstyleError
from vidstyle.files import flush, whole_file
from vidstyle.media.join import Piece, join
from vidstyle.media.mux import Cut, mux
from vidstyle.media.read import ReadReport
from vidstyle.render.journal import FileMark, Joined, Journal, Reading
from vidstyle.render.paint_segments import Clock, Work, paint, stopped
from vidstyle.render.painter import Painter
from vidstyle.render.painter_config import PainterProgress
from vidstyle.render.plan import VideoPlan
from vidstyle.render.resume import Kept, checksum, recorded

FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class Rendered:
    """What became of one video: what was read, how the painter stood at its end, frames repeated, what to tell the user."""

    report: ReadReport
    standing: PainterProgress
    repeated: int
    warnings: tuple[str, ...]


def render_video(work: Work, painter: Painter | None) -> Rendered:
    """Paint the video of `work` into its target, which appears when it is whole; no painter is needed when all is painted.

    Its finished segments outlive every failure. Raises DamagedError for a damaged source when the settings are strict,
    Interrupted, and whatever reading, painting and writing raise.
    """
    with keeping(work):
        if painter is not None:
            paint(work, painter)
        done = recorded(work.folder)
        report = _reading(done).report
        if work.settings.strict and report.damaged:
            raise DamagedError(f"{' '.join(report.warnings)} Without --strict it is rendered as far as it goes.")
        if done.joined is None:
            _join(work, done)
        complaints = _publish(work, _cut(work, done))
    return rendered(work.plan, done, complaints)


def rendered(plan: VideoPlan, done: Kept, complaints: Sequence[str] = ()) -> Rendered:
    """Return what is to be told of a finished video; `complaints` are those of sound and subtitles that were converted."""
    report = _reading(done).report
    said = [*plan.warnings, *report.warnings, *_miscount(plan, report), *done.notes]
    if complaints:
        said.append(f"{plan.clip.path}: a converted sound or subtitle track is damaged: {complaints[0]}")
    return Rendered(report, done.segments[-1].standing, done.repeated, tuple(said))


def _reading(done: Kept) -> Reading:
    assert done.reading is not None, "all is painted"
    return done.reading


@contextmanager
def keeping(work: Work) -> Iterator[None]:
    """Say of every failure, and of an interrupt, what is kept, and how to go on."""
    try:
        with explained(work):
            yield
    except KeyboardInterrupt:
        if frames := recorded(work.folder).pictures:
            raise stopped(work.plan, work.folder, frames) from None
        raise


@contextmanager
def explained(work: Work) -> Iterator[None]:
    """Say of a failure what is kept, and how to go on; raises OutputError where there is no room."""
    try:
        yield
    except Interrupted:
        raise
    except (VidstyleError, OSError) as error:
        frames = recorded(work.folder).pictures
        if _is_full(error):
            raise _no_room(work, frames) from error
        if frames:
            error.add_note(f"{frames:,} painted frames are kept for the next run.")
        raise


def _no_room(work: Work, frames: int) -> OutputError:
    kept = f"and give the same command: {frames:,} painted frames are kept, it goes on after them." if frames else ""
    target = work.folder.target
    way_out = kept or "or write elsewhere with -o."
    return OutputError(f"{target.parent} is full, {target.name} needs more room. Free some space {way_out}")


def _is_full(error: BaseException | None) -> bool:
    """Whether an error, or one that led to it, says that the file system has no room."""
    if error is None:
        return False
    return getattr(error, "errno", None) in FULL or os.strerror(FULL[0]) in str(error) or _is_full(error.__cause__)


def _join(work: Work, done: Kept) -> None:
    """Make one file of the segments, which go when it is on the disk."""
    folder = work.folder
    pieces = [Piece(folder.segment(one.number), one.coded_pts, one.last_duration) for one in done.segments]
    with whole_file(folder.joined) as partial:
        join(pieces, work.plan.form.time_base, partial)
    Journal(folder.journal).append("joined", Joined(checksum(folder.joined)))
    folder.keep_only({folder.manifest, folder.journal, folder.joined})


def _publish(work: Work, cut: Cut) -> list[str]:
    """Add the sound and everything else to the pictures and give the target its name; return the complaints."""
    folder, plan = work.folder, work.plan
    result, aspect = folder.result, plan.form.display_aspect
    try:
        complaints = mux(folder.joined, plan.clip, plan.tracks, plan.container, cut, aspect, result)
        flush(result)
        Journal(folder.journal).append("result", FileMark.of(result))
        result.replace(folder.target)
    finally:
        result.unlink(missing_ok=True)
    flush(folder.target.parent)
    folder.remove()
    return complaints


def _cut(work: Work, done: Kept) -> Cut:
    clock = Clock(_reading(done).start_pts, work.plan.clip.origin_pts, moves=bool(work.settings.start))
    clock.shift = done.segments[0].shift
    return clock.cut(work.plan.clip.time_base, work.settings.end)


def _miscount(plan: VideoPlan, report: ReadReport) -> list[str]:
    if report.frames == report.packets:
        return []
    return [f"{plan.clip.path}: {report.packets} packets gave {report.frames} pictures; all of them were painted."]
