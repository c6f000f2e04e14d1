"""The render stage: every source the user named, one after the other, each result whole or not there."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from time import monotonic
from typing import Any

from vidstyle.atomic import StageResult
from vidstyle.errors import ExitCode, Interrupted, TargetExists, VidstyleError
from vidstyle.media.probe import probe
from vidstyle.progress import OnProgress, Progress, note, silent
from vidstyle.render.engine import Engine
from vidstyle.render.folder import RenderFolder, claimed
from vidstyle.render.image import check_image_target, render_image
from vidstyle.render.jobs import Job, plan_jobs
from vidstyle.render.kept import Kept, begin, look, take_up
from vidstyle.render.made_of import made_of
from vidstyle.render.painting import Work
from vidstyle.render.pinned import pinned_painter, resolve
from vidstyle.render.plan import VideoPlan, plan_video
from vidstyle.render.settings import RenderSettings
from vidstyle.render.targets import check_room, check_target
from vidstyle.render.video import Rendered, render_video, rendered


@dataclass(frozen=True)
class Outcome:
    """What became of one job: counts, what was settled, what the user should know, and why it failed if it did."""

    job: Job
    counts: dict[str, int] = field(default_factory=dict)
    settled: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    error: VidstyleError | None = None

    @property
    def exit_code(self) -> ExitCode:
        """What the process would return for this job alone."""
        if self.error is not None:
            return self.error.exit_code
        return ExitCode.DAMAGED if self.counts.get("damaged") else ExitCode.OK


def run(
    sources: Path | Sequence[Path], target: Path, settings: RenderSettings, on_progress: OnProgress = silent
) -> StageResult:
    """Render videos, pictures and folders of them into the file or folder `target`.

    What an earlier run of the same left is taken up; Interrupted says that this one can be. A single source that fails
    raises its VidstyleError. Of several, the others are still rendered and results that stand already are kept;
    `details` then holds `failures`, `kept` and `exit_code`, as it does for sources that were damaged.
    """
    began = monotonic()
    jobs = plan_jobs([sources] if isinstance(sources, Path) else list(sources), target, settings.diversify)
    engine = Engine(settings)
    pictures = _PictureCounter(sum(job.is_image for job in jobs), on_progress)
    outcomes = []
    for job in jobs:
        outcomes.append(_attempt(job, engine, settings.for_variant(job.variant), on_progress, alone=len(jobs) == 1))
        pictures.count(outcomes[-1])
    return _result(outcomes, engine, settings, monotonic() - began)


def _attempt(job: Job, engine: Engine, settings: RenderSettings, on_progress: OnProgress, *, alone: bool) -> Outcome:
    try:
        render = _picture if job.is_image else _video
        return render(job, engine, settings, on_progress)
    except Interrupted:
        raise
    except VidstyleError as error:
        if alone:
            raise
        return Outcome(job, {"kept": 1}) if isinstance(error, TargetExists) else Outcome(job, error=error)


def _picture(job: Job, engine: Engine, settings: RenderSettings, on_progress: OnProgress) -> Outcome:
    check_image_target(job.target)
    check_target(job.source, job.target, overwrite=settings.overwrite)
    if settings.dry_run:
        return Outcome(job, {"pictures": 1})
    return Outcome(job, {"pictures": 1}, warnings=render_image(job, engine, on_progress))


def _video(job: Job, engine: Engine, settings: RenderSettings, on_progress: OnProgress) -> Outcome:
    plan = plan_video(probe(job.source), job.target, engine, settings)
    folder = RenderFolder(job.target, plan.form.codec.workshop)
    content = made_of(job.source, settings, engine.record())
    check_target(job.source, job.target, overwrite=settings.overwrite or folder.path.exists())
    with nullcontext() if settings.dry_run else claimed(folder):
        kept = look(folder, content, restart=settings.restart)
        if not kept.result:
            check_target(job.source, job.target, overwrite=settings.overwrite)
        if settings.dry_run:
            return _would_render(job, plan, folder, kept)
        for news in [*_slow(job, engine), *_news(job, kept)]:
            on_progress(note(news))
        take_up(folder, kept)
        if kept.result:
            folder.remove()
            return _outcome(job, plan, kept, rendered(plan, kept))
        check_room(job.target, plan.needed_bytes - folder.bytes())
        painter = None if kept.reading else pinned_painter(engine, plan, kept.resolved, job.variant, on_progress)
        if painter and kept.resolved is None:
            settled = resolve(engine, plan, painter)
            begin(folder, content, settled)
            kept = replace(kept, resolved=settled)
        work = Work(plan, folder, kept, settings, on_progress)
        return _outcome(job, plan, kept, render_video(work, painter))


def _would_render(job: Job, plan: VideoPlan, folder: RenderFolder, kept: Kept) -> Outcome:
    check_room(job.target, plan.needed_bytes - folder.bytes())
    notices = (*plan.tracks.notices, *_news(job, kept))
    settled = {**plan.record(), "kept_frames": kept.pictures, "notices": notices}
    return Outcome(job, {"videos": 1, "frames": plan.frames or 0}, settled, plan.warnings)


def _slow(job: Job, engine: Engine) -> list[str]:
    """Return the warning that varying a video takes long."""
    if not engine.varies:
        return []
    return [
        f"Every frame of {job.source} passes through a diffusion model many times, which is slow. Try some seconds of it "
        "first, with --start and --end."
    ]


def _news(job: Job, kept: Kept) -> list[str]:
    """Return what the user should know of an earlier run."""
    if kept.lost:
        return [f"{job.target} is rendered anew, what was painted is not used: {kept.lost}."]
    if kept.segments:
        return [f"{job.target}: {kept.pictures:,} frames are painted already, the rest follows."]
    return []


def _outcome(job: Job, plan: VideoPlan, kept: Kept, done: Rendered) -> Outcome:
    report = done.report
    counts = {
        "videos": 1,
        "frames": report.frames,
        "repeated": done.standing.repeated,
        "packets": report.packets,
        "concealed": report.concealed,
        "held": report.held,
        "damaged": int(report.damaged),
    }
    assert kept.resolved is not None
    standing = {name: value for name, value in asdict(done.standing).items() if name in kept.resolved["painter"]}
    settled = {**plan.record(), **kept.resolved["painter"], **standing, "kept_frames": kept.pictures}
    settled["notices"] = plan.tracks.notices
    return Outcome(job, counts, settled, done.warnings)


class _PictureCounter:
    """Tells the progress of a folder of pictures, which have no frames to count."""

    def __init__(self, total: int, on_progress: OnProgress) -> None:
        self.done, self.total, self.on_progress = 0, total, on_progress

    def count(self, outcome: Outcome) -> None:
        """Count a job if it is a picture."""
        if outcome.job.is_image:
            self.done += 1
            self.on_progress(Progress("pictures", self.done, self.total, "pictures"))


def _result(outcomes: list[Outcome], engine: Engine, settings: RenderSettings, seconds: float) -> StageResult:
    good = [one for one in outcomes if one.error is None]
    codes = {one.exit_code for one in outcomes} - {ExitCode.OK}
    details = {
        **engine.record(),
        "files": {str(one.job.target): one.settled for one in good if one.settled},
        "kept": [str(one.job.target) for one in outcomes if one.counts.get("kept")],
        "failures": {str(one.job.source): _words(one.error) for one in outcomes if one.error is not None},
        "exit_code": int(codes.pop() if len(codes) == 1 else ExitCode.SEVERAL if codes else ExitCode.OK),
    }
    return StageResult(
        stage="render",
        inputs=tuple(one.job.source for one in outcomes),
        outputs=tuple(one.job.target for one in good if not settings.dry_run and "kept" not in one.counts),
        counts={name: sum(one.counts.get(name, 0) for one in outcomes) for name in _names(outcomes)},
        seconds=seconds,
        settings=settings.record(),
        warnings=tuple(text for one in outcomes for text in one.warnings),
        details=details,
    )


def _words(error: VidstyleError) -> str:
    return " ".join([str(error), *getattr(error, "__notes__", [])])


def _names(outcomes: list[Outcome]) -> list[str]:
    return list(dict.fromkeys(name for one in outcomes for name in one.counts))
