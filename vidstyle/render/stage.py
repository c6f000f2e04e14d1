"""The render stage: every source the user named, one after the other, each result whole or not there."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from vidstyle.atomic import StageResult
from vidstyle.errors import ExitCode, VidstyleError
from vidstyle.media.probe import probe
from vidstyle.progress import OnProgress, Progress, silent
from vidstyle.render.engine import Engine
from vidstyle.render.image import check_image_target, render_image
from vidstyle.render.jobs import Job, plan_jobs
from vidstyle.render.plan import plan_video
from vidstyle.render.settings import RenderSettings
from vidstyle.render.targets import check_room, check_target
from vidstyle.render.video import render_video


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

    A single source that fails raises its VidstyleError. Of several, the others are still rendered; `details` then
    holds `failures` and `exit_code`, as it does for sources that were damaged.
    """
    began = monotonic()
    jobs = plan_jobs([sources] if isinstance(sources, Path) else list(sources), target)
    engine = Engine(settings)
    pictures = _PictureCounter(sum(job.is_image for job in jobs), on_progress)
    outcomes = []
    for job in jobs:
        outcomes.append(_attempt(job, engine, settings, on_progress, alone=len(jobs) == 1))
        pictures.count(outcomes[-1])
    return _result(outcomes, engine, settings, monotonic() - began)


def _attempt(job: Job, engine: Engine, settings: RenderSettings, on_progress: OnProgress, *, alone: bool) -> Outcome:
    try:
        render = _picture if job.is_image else _video
        return render(job, engine, settings, on_progress)
    except VidstyleError as error:
        if alone:
            raise
        return Outcome(job, error=error)


def _picture(job: Job, engine: Engine, settings: RenderSettings, on_progress: OnProgress) -> Outcome:
    check_image_target(job.target)
    check_target(job.source, job.target, overwrite=settings.overwrite)
    if settings.dry_run:
        return Outcome(job, {"pictures": 1})
    return Outcome(job, {"pictures": 1}, warnings=render_image(job.source, job.target, engine))


def _video(job: Job, engine: Engine, settings: RenderSettings, on_progress: OnProgress) -> Outcome:
    clip = probe(job.source)
    plan = plan_video(clip, job.target, engine, settings)
    check_target(job.source, job.target, overwrite=settings.overwrite)
    check_room(job.target, plan.needed_bytes)
    settled = {**plan.record(), "notices": plan.tracks.notices}
    if settings.dry_run:
        return Outcome(job, {"videos": 1, "frames": plan.frames or 0}, settled, plan.warnings)
    painter = engine.painter(plan.sizes, plan.colours, clip, plan.frames, on_progress=on_progress)
    rendered = render_video(plan, job.target, painter, settings, on_progress)
    settled |= {**painter.resolved.record(), "batch": painter.batch, "tile": painter.tile, "strip": painter.strip}
    report = rendered.report
    counts = {
        "videos": 1,
        "frames": rendered.frames,
        "repeated": painter.repeated,
        "packets": report.packets,
        "concealed": report.concealed,
        "held": report.held,
        "damaged": int(report.damaged),
    }
    return Outcome(job, counts, settled, rendered.warnings)


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
        "failures": {str(one.job.source): str(one.error) for one in outcomes if one.error is not None},
        "exit_code": int(codes.pop() if len(codes) == 1 else ExitCode.SEVERAL if codes else ExitCode.OK),
    }
    return StageResult(
        stage="render",
        inputs=tuple(one.job.source for one in outcomes),
        outputs=() if settings.dry_run else tuple(one.job.target for one in good),
        counts={name: sum(one.counts.get(name, 0) for one in outcomes) for name in _names(outcomes)},
        seconds=seconds,
        settings=settings.record(),
        warnings=tuple(text for one in outcomes for text in one.warnings),
        details=details,
    )


def _names(outcomes: list[Outcome]) -> list[str]:
    return list(dict.fromkeys(name for one in outcomes for name in one.counts))
