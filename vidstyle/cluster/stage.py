"""The render stage on a Ray cluster: its workers paint videos in pieces, and this process paints images."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import monotonic

from vidstyle.cluster.driver import Driver, survey_beside
from vidstyle.cluster.job_spec import job_spec_for
from vidstyle.cluster.session import load_ray, session
from vidstyle.cluster.settings import ClusterSettings
from vidstyle.cluster.video_job import ClusterVideo
from vidstyle.cluster.worker import Worker
from vidstyle.cluster.worker_pool import WorkerPool, share_of_cluster
from vidstyle.errors import Interrupted, SettingsError
from vidstyle.progress import OnProgress, StageResult, silent
from vidstyle.render.engine import Engine
from vidstyle.render.jobs import Job, passed_over, plan_jobs
from vidstyle.render.outcome import Outcome, combine, dry_run_outcome
from vidstyle.render.paint_segments import VideoJob
from vidstyle.render.settings import RenderSettings
from vidstyle.render.stage import PictureCounter, finish_published, prepare_video, render_picture, run_job

DEVICES = ("auto", "cpu", "cuda")


def run(
    sources: Path | Sequence[Path],
    target: str | Path,
    settings: RenderSettings,
    cluster: ClusterSettings,
    address: str,
    on_progress: OnProgress = silent,
) -> StageResult:
    """Render as `vidstyle.render.stage.run` does, with the videos painted on workers of the Ray cluster at `address`.

    Frames and times are those of that run. `details["ray"]` records the workers and pieces. Raises what that run raises,
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
    sources = [sources] if isinstance(sources, Path) else list(sources)
    jobs = plan_jobs(sources, target)
    reraise = len(jobs) == 1
    planner = Engine(replace(settings, device="cpu", precision="auto", backend="auto"))
    record = planner.record()
    with ExitStack() as held:
        outcomes, works = _take_up_videos(jobs, planner, settings, on_progress, held)
        if works:
            driver = _render_videos(works, planner, settings, cluster, address, on_progress, reraise=reraise)
            outcomes |= driver.outcomes
            record |= driver.record()
    images = [job for job in jobs if job.is_image]
    engine = Engine(settings, on_progress) if images else planner
    counter = PictureCounter(len(images), on_progress)
    for job in images:
        outcomes[job] = run_job(job, partial(render_picture, job, engine, settings), reraise=reraise)
        counter.count(outcomes[job])
    return combine([outcomes[job] for job in jobs], record, settings, monotonic() - began, passed_over(sources))


def _take_up_videos(
    jobs: Sequence[Job], planner: Engine, settings: RenderSettings, on_progress: OnProgress, held: ExitStack
) -> tuple[dict[Job, Outcome], dict[Job, VideoJob]]:
    """Return the outcomes of videos that need no painting, and the work on the others; `held` holds their folders."""
    outcomes: dict[Job, Outcome] = {}
    works: dict[Job, VideoJob] = {}
    for job in [job for job in jobs if not job.is_image]:
        take_up = partial(held.enter_context, prepare_video(job, planner, settings, on_progress, scattered=True))
        work = run_job(job, take_up, reraise=len(jobs) == 1)
        if isinstance(work, Outcome):
            outcomes[job] = work
        elif settings.dry_run:
            outcomes[job] = dry_run_outcome(job, work)
        elif work.earlier.result:
            outcomes[job] = finish_published(job, work)
        else:
            works[job] = work
    return outcomes, works


def _render_videos(
    works: dict[Job, VideoJob],
    planner: Engine,
    settings: RenderSettings,
    cluster: ClusterSettings,
    address: str,
    on_progress: OnProgress,
    *,
    reraise: bool,
) -> Driver:
    """Return the driver once all videos are rendered or given up; raises Interrupted, or what `run` does."""
    videos = [ClusterVideo(job, work) for job, work in works.items()]
    with survey_beside(videos) as survey, session(address):
        share = share_of_cluster(cluster, gpus_wanted=settings.device != "cpu", most=_pieces(works, settings))
        for video in videos:
            video.spec = job_spec_for(video.work.plan, planner, settings, gpus=bool(share.gpus))
        pool = WorkerPool(Worker, share)
        driver = Driver(videos, survey, pool, on_progress, reraise=reraise)
        try:
            pool.start()
            driver.run()
        except KeyboardInterrupt:
            if frames := sum(video.frames for video in videos):
                raise Interrupted(
                    f"Stopped after {frames:,} frames; they are kept. Give the same command to go on."
                ) from None
            raise
        finally:
            pool.stop()
    return driver


def _pieces(works: dict[Job, VideoJob], settings: RenderSettings) -> int | None:
    """Return about how many pieces there are, None where a file does not say how many frames it has."""
    counts = [work.plan.frames for work in works.values()]
    return None if None in counts else sum(-(-(count or 0) // settings.segment) for count in counts)
