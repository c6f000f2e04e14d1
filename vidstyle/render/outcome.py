"""What became of the sources of a render, one by one and all together, and what the user should know of it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from vidstyle.errors import ExitCode, VidstyleError, text_of
from vidstyle.progress import StageResult
from vidstyle.render.jobs import Job
from vidstyle.render.paint_segments import VideoJob
from vidstyle.render.painter_config import Decisions
from vidstyle.render.resume import EarlierWork
from vidstyle.render.settings import RenderSettings
from vidstyle.render.video import VideoResult


@dataclass(frozen=True)
class Outcome:
    """What became of one job: counts, the record of its file, the finish, warnings, and the error if it failed."""

    job: Job
    counts: dict[str, int] = field(default_factory=dict)
    record: dict[str, Any] = field(default_factory=dict)
    finish: str = ""
    warnings: tuple[str, ...] = ()
    error: VidstyleError | None = None

    @property
    def exit_code(self) -> ExitCode:
        """What the process would return for this job alone."""
        if self.error is not None:
            return self.error.exit_code
        return ExitCode.DAMAGED if self.counts.get("damaged") else ExitCode.OK


def resume_note(job: Job, earlier: EarlierWork) -> list[str]:
    """Return what the user should know of an earlier run, if anything."""
    if earlier.not_used_because:
        return [f"{job.target} is rendered anew, what was painted is not used: {earlier.not_used_because}."]
    if earlier.segments:
        return [f"{job.target}: {earlier.frames:,} frames are painted already, the rest follows."]
    return []


def slow_warning(job: Job) -> str:
    """Return the warning that varying a video takes long."""
    return (
        f"Every frame of {job.source} passes through a diffusion model many times, which is slow. Try some seconds of it "
        "first, with --start and --end."
    )


def dry_run_outcome(job: Job, video: VideoJob) -> Outcome:
    """Return what a dry run tells of a video."""
    plan, earlier = video.plan, video.earlier
    notices = (*plan.tracks.notices, *resume_note(job, earlier))
    record = {**plan.record(), "kept_frames": earlier.frames, "notices": notices}
    return Outcome(job, {"videos": 1, "frames": plan.frames or 0}, record, plan.finish, plan.warnings)


def video_outcome(job: Job, video: VideoJob, decided: Decisions, result: VideoResult) -> Outcome:
    """Return what became of a video that was rendered as was `decided` for it."""
    report, painter = result.report, asdict(decided.painter)
    counts = {
        "videos": 1,
        "frames": report.frames,
        "repeated": result.repeated,
        "packets": report.packets,
        "concealed": report.concealed,
        "held": report.held,
        "damaged": int(report.damaged),
    }
    at_the_end = {name: value for name, value in asdict(result.progress).items() if name in painter}
    record = {
        **video.plan.record(),
        **painter,
        **at_the_end,
        "kept_frames": video.earlier.frames,
        "notices": video.plan.tracks.notices,
    }
    return Outcome(job, counts, record, video.plan.finish, result.warnings)


def combine(
    outcomes: Sequence[Outcome],
    record: dict[str, Any],
    settings: RenderSettings,
    seconds: float,
    warnings: Sequence[str] = (),
) -> StageResult:
    """Return the result of the stage; `record` is what was the same for all sources, `warnings` are of no single one."""
    good = [outcome for outcome in outcomes if outcome.error is None]
    failures = {str(outcome.job.target): text_of(outcome.error) for outcome in outcomes if outcome.error is not None}
    details = {
        **record,
        "finish": " or ".join(sorted({outcome.finish for outcome in good} - {""})),
        "files": {str(outcome.job.target): outcome.record for outcome in good if outcome.record},
        "kept": [str(outcome.job.target) for outcome in outcomes if outcome.counts.get("kept")],
        "failures": failures,
        "exit_code": int(_exit_code(outcomes)),
    }
    return StageResult(
        stage="render",
        inputs=tuple(outcome.job.source for outcome in outcomes),
        outputs=tuple(outcome.job.target for outcome in good if not settings.dry_run and "kept" not in outcome.counts),
        counts=_sums(outcomes),
        seconds=seconds,
        settings=settings.record(),
        warnings=(*warnings, *(text for outcome in outcomes for text in outcome.warnings)),
        details=details,
    )


def _exit_code(outcomes: Sequence[Outcome]) -> ExitCode:
    codes = {outcome.exit_code for outcome in outcomes} - {ExitCode.OK}
    if len(codes) > 1:
        return ExitCode.SEVERAL
    return codes.pop() if codes else ExitCode.OK


def _sums(outcomes: Sequence[Outcome]) -> dict[str, int]:
    names = dict.fromkeys(name for outcome in outcomes for name in outcome.counts)
    return {name: sum(outcome.counts.get(name, 0) for outcome in outcomes) for name in names}
