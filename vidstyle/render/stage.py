"""The render stage: paints videos, pictures and folders of them, one after the other."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TypeVar

from vidstyle.errors import Interrupted, OutputError, TargetExists, VidstyleError
from vidstyle.media.images import IMAGE_SUFFIXES, WRITTEN_FORMATS, Picture, picture_size, read_picture, write_image
from vidstyle.media.probe import probe
from vidstyle.media.reading_options import parse_colour
from vidstyle.progress import OnProgress, Progress, StageResult, note, silent
from vidstyle.render.engine import Engine
from vidstyle.render.jobs import Job, check_space, check_target, passed_over, plan_jobs
from vidstyle.render.outcome import Outcome, combine, dry_run_outcome, resume_note, slow_warning, video_outcome
from vidstyle.render.paint_segments import VideoJob
from vidstyle.render.painter_config import Decisions
from vidstyle.render.plan import plan_video
from vidstyle.render.resume import begin, find_earlier_work, fingerprint, keep_only
from vidstyle.render.settings import RenderSettings
from vidstyle.render.video import render_video, video_result
from vidstyle.render.work_folder import RenderFolder, claim

Result = TypeVar("Result")


def run(
    sources: Path | Sequence[Path], target: str | Path, settings: RenderSettings, on_progress: OnProgress = silent
) -> StageResult:
    """Render videos, pictures and folders of them into the file or folder `target`.

    It goes on with what an earlier run of the same left; Interrupted says that this one left something too. A single source
    that fails raises its VidstyleError. Of several sources the others are still rendered, and results that are there already
    are kept; `details` then holds `failures`, `kept` and `exit_code`, as it does for damaged sources.
    """
    began = monotonic()
    sources = [sources] if isinstance(sources, Path) else list(sources)
    jobs = plan_jobs(sources, target, settings.diversify)
    left = passed_over(sources)
    engine = Engine(settings, on_progress)
    pictures = PictureCounter(sum(job.is_image for job in jobs), on_progress)
    outcomes = []
    for job in jobs:
        asked = settings.for_variant(job.variant)
        if job.is_image:
            render = partial(render_picture, job, engine, asked)
        else:
            render = partial(_render_video, job, engine, asked, on_progress)
        outcomes.append(run_job(job, render, reraise=len(jobs) == 1))
        pictures.count(outcomes[-1])
    return combine(outcomes, engine.record(), settings, monotonic() - began, left)


def run_job(job: Job, render: Callable[[], Result], *, reraise: bool) -> Result | Outcome:
    """Return what `render` returns for a job; its error is re-raised with `reraise`, and becomes an Outcome without."""
    try:
        return render()
    except Interrupted:
        raise
    except VidstyleError as error:
        if reraise:
            raise
        return Outcome(job, {"kept": 1}) if isinstance(error, TargetExists) else Outcome(job, error=error)


def render_picture(job: Job, engine: Engine, settings: RenderSettings) -> Outcome:
    """Render a picture, whole or not at all; raises VidstyleError."""
    if job.target.suffix.lower() not in WRITTEN_FORMATS:
        raise OutputError(
            f"Cannot write {job.target}: a picture becomes {', '.join(IMAGE_SUFFIXES)}. Use one of these."
        )
    check_target(job.source, job.target, overwrite=settings.overwrite)
    if settings.dry_run:
        sizes = engine.sizes(picture_size(job.source))
        return Outcome(job, {"pictures": 1}, finish=engine.decided(settings, sizes).finish)
    picture = read_picture(job.source, parse_colour(settings.background))
    height, width = picture.pixels.shape[:2]
    sizes = engine.sizes((width, height))
    painter = engine.picture_painter(sizes, job.variant)
    painted = painter.paint(picture.pixels[None], sizes, sixteen_bit=False)[0]
    lost = write_image(job.target, painted, picture.metadata)
    return Outcome(
        job,
        {"pictures": 1},
        finish=engine.decided(settings, sizes).finish,
        warnings=(*_picture_warnings(job, picture, lost), *painter.notes),
    )


def _picture_warnings(job: Job, picture: Picture, lost: Sequence[str]) -> list[str]:
    warnings = []
    if picture.count > 1:
        warnings.append(f"{job.source} holds {picture.count} pictures; the first one was painted.")
    if lost:
        what = ", ".join(lost)
        warnings.append(f"{job.source}: {what} left out: {job.target.name} cannot hold it. PNG holds the most.")
    return warnings


def _render_video(job: Job, engine: Engine, settings: RenderSettings, on_progress: OnProgress) -> Outcome:
    with prepare_video(job, engine, settings, on_progress) as video:
        plan, earlier = video.plan, video.earlier
        if settings.dry_run:
            return dry_run_outcome(job, video)
        if earlier.result:
            return finish_published(job, video)
        painter = None if earlier.reading else engine.video_painter(plan, earlier.decided, job.variant)
        decided = earlier.decided
        if decided is None:
            assert painter is not None, "a video is painted whole only after something was decided for it"
            decided = Decisions(str(painter.device), painter.config, plan.record())
            begin(video.folder, video.fingerprint, decided)
        return video_outcome(job, video, decided, render_video(video, painter))


@contextmanager
def prepare_video(
    job: Job, engine: Engine, settings: RenderSettings, on_progress: OnProgress, *, scattered: bool = False
) -> Iterator[VideoJob]:
    """Yield the work on a video, with what an earlier run left of it; no other run may work on it meanwhile.

    Of `engine` it needs only style and sizes; for `scattered` see `find_earlier_work`. Raises VidstyleError where the target
    cannot be written or the settings do not fit together.
    """
    clip = probe(job.source)
    sizes = engine.sizes(clip.upright_size)
    settings = engine.decided(settings, sizes)
    real_time = engine.paints_in_real_time(settings, sizes)
    plan = plan_video(clip, job.target, sizes, engine.upscaler_name(sizes), settings, real_time=real_time)
    folder = RenderFolder(job.target, plan.form.codec.intermediate_suffix)
    mark = fingerprint(job.source, settings, engine.record())
    check_target(job.source, job.target, overwrite=settings.overwrite or folder.path.exists())
    with nullcontext() if settings.dry_run else claim(folder, lambda text: on_progress(note(text))):
        earlier = find_earlier_work(folder, mark, restart=settings.restart, scattered=scattered)
        if earlier.decided:
            plan = plan.coded_as(earlier.decided.plan)
        if not earlier.result:
            check_target(job.source, job.target, overwrite=settings.overwrite)
        if not settings.dry_run:
            for text in [*([slow_warning(job)] if engine.varies else []), *resume_note(job, earlier)]:
                on_progress(note(text))
            keep_only(folder, earlier)
        if not earlier.result:
            check_space(job.target, plan.needed_bytes - folder.bytes())
        yield VideoJob(plan, folder, mark, earlier, settings, on_progress)


def finish_published(job: Job, video: VideoJob) -> Outcome:
    """Return the outcome of a video whose result was there already, and remove what an earlier run left beside it."""
    assert video.earlier.decided is not None, "its render was begun"
    video.folder.remove()
    return video_outcome(job, video, video.earlier.decided, video_result(video.plan, video.earlier))


class PictureCounter:
    """Reports the progress of a folder of pictures, which have no frames to count."""

    def __init__(self, total: int, on_progress: OnProgress) -> None:
        self.done, self.total, self.on_progress = 0, total, on_progress

    def count(self, outcome: Outcome) -> None:
        """Count a job if it is a picture."""
        if outcome.job.is_image:
            self.done += 1
            self.on_progress(Progress("pictures", self.done, self.total, "pictures"))
