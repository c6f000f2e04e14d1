"""The render stage over a Ray cluster: the films in pieces on its workers, pictures and all that is small here."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import monotonic

from vidstyle.cluster.driver import Driver, surveyed
from vidstyle.cluster.job_spec import order_for
from vidstyle.cluster.session import load_ray, session
from vidstyle.cluster.settings import ClusterSettings
from vidstyle.cluster.video_job import Film
from vidstyle.cluster.worker import Worker
from vidstyle.cluster.worker_pool import WorkerPool, share_of_cluster
from vidstyle.errors import Interrupted, SettingsError
from vidstyle.progress import OnProgress, StageResult, silent
from vidstyle.render.engine import Engine
from vidstyle.render.jobs import Job, plan_jobs
from vidstyle.render.outcome import Outcome, combine, dry_run_outcome
from vidstyle.render.paint_segments import VideoJob
from vidstyle.render.settings import RenderSettings
from vidstyle.render.stage import PictureCounter, finish_published, prepare_video, render_picture, run_job

DEVICES = ("auto", "cpu", "cuda")


def run(
    sources: Path | Sequence[Path],
    target: Path,
    settings: RenderSettings,
    cluster: ClusterSettings,
    address: str,
    on_progress: OnProgress = silent,
) -> StageResult:
    """Render as `vidstyle.render.stage.run` does, videos on the workers of the Ray cluster at `address`.

    Frames and times are those of that run. `details["ray"]` tells of workers and pieces. Raises what that run raises,
    ClusterError, and DependencyError without the extra `ray`.
    """
    began = monotonic()
    load_ray()
    if settings.device not in DEVICES:
        raise SettingsError(
            f"Ray chooses the device, not {settings.device}. Give --device auto, cpu or cuda with --ray."
        )
    if settings.diversify:
        raise SettingsError("Varied results are not made on Ray: each rests on all shots before. Leave --ray out.")
    jobs = plan_jobs([sources] if isinstance(sources, Path) else list(sources), target)
    planner = Engine(replace(settings, device="cpu", precision="auto", backend="auto"))
    outcomes: dict[Job, Outcome] = {}
    record = planner.record()
    with ExitStack() as held:
        films: dict[Job, VideoJob] = {}
        for job in [one for one in jobs if not one.is_image]:
            take = partial(held.enter_context, prepare_video(job, planner, settings, on_progress, scattered=True))
            work = run_job(job, take, reraise=len(jobs) == 1)
            if isinstance(work, Outcome):
                outcomes[job] = work
            elif settings.dry_run:
                outcomes[job] = dry_run_outcome(job, work)
            elif work.earlier.result:
                outcomes[job] = finish_published(job, work)
            else:
                films[job] = work
        if films:
            done = _films(films, planner, settings, cluster, address, on_progress, alone=len(jobs) == 1)
            outcomes |= done.outcomes
            record |= done.record()
    pictures = [job for job in jobs if job.is_image]
    engine = Engine(settings, on_progress) if pictures else planner
    counter = PictureCounter(len(pictures), on_progress)
    for job in pictures:
        outcomes[job] = run_job(job, partial(render_picture, job, engine, settings), reraise=len(jobs) == 1)
        counter.count(outcomes[job])
    return combine([outcomes[job] for job in jobs], record, settings, monotonic() - began)


def _films(
    works: dict[Job, VideoJob],
    planner: Engine,
    settings: RenderSettings,
    cluster: ClusterSettings,
    address: str,
    on_progress: OnProgress,
    *,
    alone: bool,
) -> Driver:
    """Return the director of the films once all of them are whole or given up; raises Interrupted, or what `run` does."""
    films = [Film(job, work) for job, work in works.items()]
    with surveyed(films) as survey, session(address):
        share = share_of_cluster(cluster, gpus_wanted=settings.device != "cpu", most=_pieces(works, settings))
        for film in films:
            film.order = order_for(film.work.plan, planner, settings, gpus=bool(share.gpus))
        crew = WorkerPool(Worker, share)
        director = Driver(films, survey, crew, on_progress, alone=alone)
        try:
            crew.start()
            director.direct()
        except KeyboardInterrupt:
            if frames := sum(film.frames for film in films):
                raise Interrupted(
                    f"Stopped after {frames:,} frames; they are kept. Give the same command to go on."
                ) from None
            raise
        finally:
            crew.end()
    return director


def _pieces(works: dict[Job, VideoJob], settings: RenderSettings) -> int | None:
    """Return how many pieces there are about, None where a file does not say."""
    counts = [work.plan.frames for work in works.values()]
    return None if None in counts else sum(-(-(count or 0) // settings.segment) for count in counts)
