"""One picture, from its file to its painting."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TypeVar

from vidstyle.errors import Interrupted, OutputError, TargetExists, VidstyleError
from vidstyle.media.background import parse_colour
from vidstyle.media.images import IMAGE_SUFFIXES, pictures_in, read_image, write_image
from vidstyle.media.probe import probe
from vidstyle.progress import OnProgress, Progress, StageResult, note, silent
from vidstyle.render.engine import Engine
from vidstyle.render.jobs import Job, check_room, check_target, plan_jobs
from vidstyle.render.outcome import Outcome, all_of, news, rendered_video, slow, would_render
from vidstyle.render.paint_segments import Work
from vidstyle.render.painter_config import Decisions
from vidstyle.render.plan import plan_video
from vidstyle.render.resume import begin, look, made_of, take_up
from vidstyle.render.settings import RenderSettings
from vidstyle.render.video import render_video, rendered
from vidstyle.render.work_folder import RenderFolder, claimed


def check_image_target(target: Path) -> None:
    """Raise OutputError when the suffix of `target` is of no image format."""
    if target.suffix.lower() not in IMAGE_SUFFIXES:
        raise OutputError(f"Cannot write {target}: a picture becomes {', '.join(IMAGE_SUFFIXES)}. Use one of these.")


def render_image(job: Job, engine: Engine, on_progress: OnProgress) -> tuple[str, ...]:
    """Paint the picture of `job`, whole or not at all, and return what the user should know."""
    source = job.source
    picture = read_image(source, parse_colour(engine.settings.background))
    height, width = picture.shape[:2]
    sizes = engine.sizes((width, height))
    painter = engine.picture_painter(sizes, job.variant)
    write_image(job.target, painter.paint(picture[None], sizes, sixteen_bit=False)[0])
    return (*_about_animation(source), *painter.notes)


def _about_animation(source: Path) -> tuple[str, ...]:
    count = pictures_in(source)
    return (f"{source} holds {count} pictures; the first one was painted.",) if count > 1 else ()


Made = TypeVar("Made")


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
    engine = Engine(settings, on_progress)
    pictures = PictureCounter(sum(job.is_image for job in jobs), on_progress)
    outcomes = []
    for job in jobs:
        render = picture if job.is_image else _video
        asked = settings.for_variant(job.variant)
        outcomes.append(attempt(job, partial(render, job, engine, asked, on_progress), alone=len(jobs) == 1))
        pictures.count(outcomes[-1])
    return all_of(outcomes, engine.record(), settings, monotonic() - began)


def attempt(job: Job, render: Callable[[], Made], *, alone: bool) -> Made | Outcome:
    """Return what `render` makes of a job; its failure is raised where the job is `alone`, and else what became of it."""
    try:
        return render()
    except Interrupted:
        raise
    except VidstyleError as error:
        if alone:
            raise
        return Outcome(job, {"kept": 1}) if isinstance(error, TargetExists) else Outcome(job, error=error)


def picture(job: Job, engine: Engine, settings: RenderSettings, on_progress: OnProgress) -> Outcome:
    """Render a picture; raises VidstyleError."""
    check_image_target(job.target)
    check_target(job.source, job.target, overwrite=settings.overwrite)
    if settings.dry_run:
        return Outcome(job, {"pictures": 1})
    return Outcome(job, {"pictures": 1}, warnings=render_image(job, engine, on_progress))


def _video(job: Job, engine: Engine, settings: RenderSettings, on_progress: OnProgress) -> Outcome:
    with taken_up(job, engine, settings, on_progress) as work:
        plan, kept = work.plan, work.kept
        if settings.dry_run:
            return would_render(job, work)
        if kept.result:
            return finished(job, work)
        painter = None if kept.reading else engine.video_painter(plan, kept.decided, job.variant)
        decided = kept.decided
        if decided is None:
            assert painter is not None, "all of a video is painted only where something was decided for it"
            decided = Decisions(str(painter.device), painter.config, plan.record())
            begin(work.folder, work.content, decided)
        return rendered_video(job, work, decided, render_video(work, painter))


@contextmanager
def taken_up(
    job: Job, engine: Engine, settings: RenderSettings, on_progress: OnProgress, *, scattered: bool = False
) -> Iterator[Work]:
    """Yield the work on a video, with what an earlier run left of it; no other run may work on it meanwhile.

    Of `engine` only style and sizes are asked; `scattered`: see `look`. Raises VidstyleError where the target or the
    wishes cannot be.
    """
    clip = probe(job.source)
    sizes = engine.sizes(clip.upright_size)
    plan = plan_video(clip, job.target, sizes, engine.upscaler_name(sizes), settings)
    folder = RenderFolder(job.target, plan.form.codec.intermediate_suffix)
    content = made_of(job.source, settings, engine.record())
    check_target(job.source, job.target, overwrite=settings.overwrite or folder.path.exists())
    with nullcontext() if settings.dry_run else claimed(folder):
        kept = look(folder, content, restart=settings.restart, scattered=scattered)
        if not kept.result:
            check_target(job.source, job.target, overwrite=settings.overwrite)
        if not settings.dry_run:
            for text in [*slow(job, engine), *news(job, kept)]:
                on_progress(note(text))
            take_up(folder, kept)
        if not kept.result:
            check_room(job.target, plan.needed_bytes - folder.bytes())
        yield Work(plan, folder, content, kept, settings, on_progress)


def finished(job: Job, work: Work) -> Outcome:
    """Return what became of a video whose result stood already, and tidy up after it."""
    assert work.kept.decided is not None, "its render was begun"
    work.folder.remove()
    return rendered_video(job, work, work.kept.decided, rendered(work.plan, work.kept))


class PictureCounter:
    """Tells the progress of a folder of pictures, which have no frames to count."""

    def __init__(self, total: int, on_progress: OnProgress) -> None:
        self.done, self.total, self.on_progress = 0, total, on_progress

    def count(self, outcome: Outcome) -> None:
        """Count a job if it is a picture."""
        if outcome.job.is_image:
            self.done += 1
            self.on_progress(Progress("pictures", self.done, self.total, "pictures"))
