"""What became of the sources of a render, one by one and all together."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from vidstyle.errors import ExitCode, VidstyleError
from vidstyle.progress import StageResult
from vidstyle.render.engine import Engine
from vidstyle.render.jobs import Job
from vidstyle.render.paint_segments import Work
from vidstyle.render.painter_config import Decisions
from vidstyle.render.resume import Kept
from vidstyle.render.settings import RenderSettings
from vidstyle.render.video import Rendered


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


def news(job: Job, kept: Kept) -> list[str]:
    """Return what the user should know of an earlier run."""
    if kept.lost:
        return [f"{job.target} is rendered anew, what was painted is not used: {kept.lost}."]
    if kept.segments:
        return [f"{job.target}: {kept.pictures:,} frames are painted already, the rest follows."]
    return []


def slow(job: Job, engine: Engine) -> list[str]:
    """Return the warning that varying a video takes long."""
    if not engine.varies:
        return []
    return [
        f"Every frame of {job.source} passes through a diffusion model many times, which is slow. Try some seconds of it "
        "first, with --start and --end."
    ]


def would_render(job: Job, work: Work) -> Outcome:
    """Return what a dry run tells of a video."""
    plan = work.plan
    notices = (*plan.tracks.notices, *news(job, work.kept))
    settled = {**plan.record(), "kept_frames": work.kept.pictures, "notices": notices}
    return Outcome(job, {"videos": 1, "frames": plan.frames or 0}, settled, plan.warnings)


def rendered_video(job: Job, work: Work, decided: Decisions, done: Rendered) -> Outcome:
    """Return what became of a video that was rendered with what was `decided` for it."""
    report = done.report
    counts = {
        "videos": 1,
        "frames": report.frames,
        "repeated": done.repeated,
        "packets": report.packets,
        "concealed": report.concealed,
        "held": report.held,
        "damaged": int(report.damaged),
    }
    painter = asdict(decided.painter)
    standing = {name: value for name, value in asdict(done.standing).items() if name in painter}
    settled = {**work.plan.record(), **painter, **standing, "kept_frames": work.kept.pictures}
    settled["notices"] = work.plan.tracks.notices
    return Outcome(job, counts, settled, done.warnings)


def all_of(
    outcomes: Sequence[Outcome], record: dict[str, Any], settings: RenderSettings, seconds: float
) -> StageResult:
    """Return the result of the stage; `record` is what was the same for all sources."""
    good = [one for one in outcomes if one.error is None]
    codes = {one.exit_code for one in outcomes} - {ExitCode.OK}
    details = {
        **record,
        "files": {str(one.job.target): one.settled for one in good if one.settled},
        "kept": [str(one.job.target) for one in outcomes if one.counts.get("kept")],
        "failures": {str(one.job.target): _words(one.error) for one in outcomes if one.error is not None},
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


def _names(outcomes: Sequence[Outcome]) -> list[str]:
    return list(dict.fromkeys(name for one in outcomes for name in one.counts))
