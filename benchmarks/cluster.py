"""How much of its workers' time a render on Ray uses: up to 64 simulated workers, and real ones on this machine's cores.

    python -m benchmarks.cluster --workers 1 --workers 8 --workers 64
    python -m benchmarks.cluster --real 240

A simulated worker sleeps as long as a GPU would paint and sends a real coded segment; it asks for no core and loads no
torch, so that everything else is measured: split, schedule, transfer, journal, join. Times begin when all workers are there;
the survey begins with the command, as it does for users. Results that were measured are kept in benchmarks/results.md.
"""

import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, sleep
from typing import Any

import click
import numpy as np

from benchmarks.clips import form, make_clip, random_style
from vidstyle.cluster.driver import Driver, survey_beside
from vidstyle.cluster.job_spec import job_spec_for
from vidstyle.cluster.session import session
from vidstyle.cluster.settings import LOCAL
from vidstyle.cluster.video_job import ClusterVideo
from vidstyle.cluster.worker import Worker
from vidstyle.cluster.worker_pool import Share, WorkerPool
from vidstyle.interrupt import StopRequest
from vidstyle.media.clip import Batch
from vidstyle.media.probe import probe
from vidstyle.media.read import VideoReader
from vidstyle.media.write import VideoWriter
from vidstyle.progress import silent
from vidstyle.render.engine import Engine
from vidstyle.render.jobs import Job
from vidstyle.render.journal import ResumePoint
from vidstyle.render.paint_segments import SegmentRange, paint_segments
from vidstyle.render.plan import plan_video
from vidstyle.render.resume import versions
from vidstyle.render.settings import RenderSettings
from vidstyle.render.stage import prepare_video, run
from vidstyle.render.work_folder import RenderFolder

SAMPLE = Path(__file__).parent.parent / "sample_videos" / "landscape.mp4"
SIMULATED_SIZE = 64, 48
"""Pictures of which neither decoding nor copying costs much: as many frames as 64 GPUs paint pass through one machine."""
REAL_SIZE = 256, 144
START_SECONDS = 120.0


def noise_clip(path: Path, frames: int) -> Path:
    """Write a clip of so many frames, each another part of one noise picture."""
    width, height = SIMULATED_SIZE
    noise = np.random.default_rng(0).integers(0, 256, (height + 16, width + 16, 3), np.uint8)
    with VideoWriter(path, form(SIMULATED_SIZE)) as writer:
        for number in range(frames):
            top, left = number // 16 % 16, number % 16
            picture = noise[None, top : top + height, left : left + width]
            writer.write(Batch(picture, (number,), (1,), form(SIMULATED_SIZE).time_base))
    return path


def first_segment(source: Path, settings: RenderSettings, folder: Path) -> tuple[bytes, dict[str, Any]]:
    """Return the coded bytes and the journal's line of a clip's first segment."""
    engine, clip = Engine(settings), probe(source)
    sizes = engine.sizes(clip.upright_size)
    plan = plan_video(clip, folder / "one.mp4", sizes, engine.upscaler_name(sizes), settings)
    place = RenderFolder(folder / "one.mp4", plan.form.codec.intermediate_suffix)
    place.path.mkdir()
    stretch = SegmentRange(plan, settings, place, ResumePoint(), until=1)
    painter = engine.video_painter(plan)
    with closing(paint_segments(stretch, painter, StopRequest())) as steps:
        (segment,) = [segment for step in steps for segment in step.finished]
    return place.segment(0).read_bytes(), segment.to_json()


def simulated(source: Path, settings: RenderSettings, folder: Path, milliseconds: float) -> type:
    """Return a class of workers that sleep for each frame of `source` and send its first segment again and again."""
    with VideoReader(probe(source)) as survey:
        places = [asdict(end) for _, end in survey.positions(settings.segment)]
    content, line = first_segment(source, settings, folder)
    frames, known = settings.segment, versions()
    painter = {"backend": "eager", "precision": "fp32", "batch": 1, "tile": 0, "strip": 0, "quantised": ""}

    class Simulated:
        def introduce(self) -> dict[str, Any]:
            import_module("vidstyle.render.journal")  # as a real worker has before it is there
            return {"node": socket.gethostname(), "process": os.getpid(), "versions": known}

        def leave(self) -> None:
            """Have nothing to remove."""

        def decide(self, packed: bytes, given: Any) -> Iterator[tuple[str, Any]]:
            yield "decided", {"device": "simulated", "painter": painter, "plan": {}}

        def paint(self, packed: bytes, given: Any, decided: Any, start: Any, until: int) -> Iterator[tuple[str, Any]]:
            for number in range(start.number, until):
                sleep(frames * milliseconds / 1000)
                yield "bytes", content
                pts = [time + number * frames for time in line["coded_pts"]]
                yield "segment", {**line, "number": number, "coded_pts": pts, "place": places[number]}

    return Simulated


def seconds_to_render(
    source: Path, target: Path, settings: RenderSettings, make: Callable[[], type], share: Share
) -> float:
    """Return the seconds from when all workers are there to the whole result."""
    planner, job = Engine(settings), Job(source, target)
    with prepare_video(job, planner, settings, silent, scattered=True) as work, ExitStack() as opened:
        video = ClusterVideo(job, work)
        video.spec = job_spec_for(work.plan, planner, settings, gpus=False)
        survey = opened.enter_context(survey_beside([video]))
        opened.enter_context(session(LOCAL))
        pool = WorkerPool(make(), share)
        try:
            pool.start()
            began = perf_counter()
            while any(worker.awaited is not None for worker in pool.workers):
                list(pool.messages())
                if perf_counter() - began > START_SECONDS:
                    raise click.ClickException(f"{share.workers} workers do not fit this machine.")
            began = perf_counter()
            Driver([video], survey, pool, silent, reraise=True).run()
            return perf_counter() - began
        finally:
            pool.stop()


def measure_simulated(workers: int, pieces: int, milliseconds: float, folder: Path) -> dict[str, float]:
    """Return the figures of a render by so many simulated workers, each with `pieces` segments to do."""
    settings = RenderSettings(style=str(random_style(folder / "style.safetensors", 4)), device="cpu", upscaler="none")
    source = noise_clip(folder / f"{workers}.mp4", workers * pieces * settings.segment)
    make = lambda: simulated(source, settings, folder / f"of{workers}", milliseconds)  # noqa: E731
    (folder / f"of{workers}").mkdir()
    kind = make()
    seconds = seconds_to_render(source, folder / f"{workers}-out.mp4", settings, lambda: kind, Share(workers, 0.0, 0.0))
    ideal = pieces * settings.segment * milliseconds / 1000
    return {"workers": workers, "frames": workers * pieces * settings.segment, "ideal": ideal, "seconds": seconds}


def measure_real(frames: int, folder: Path) -> list[dict[str, float]]:
    """Return the figures of one process, and of one and two workers with a core each."""
    style = str(random_style(folder / "style.safetensors", 16))
    settings = RenderSettings(style=style, device="cpu", upscaler="none", precision="fp32", segment=24, backend="eager")
    source = folder / "real.mp4"
    make_clip(SAMPLE, source, REAL_SIZE, frames)
    began = perf_counter()
    run(source, folder / "alone.mp4", settings)
    rows = [{"workers": 0, "seconds": perf_counter() - began}]
    for workers in (1, 2):
        target = folder / f"real-{workers}.mp4"
        rows.append(
            {
                "workers": workers,
                "seconds": seconds_to_render(source, target, settings, lambda: Worker, Share(workers, 0.0, 1.0)),
            }
        )
    return rows


@click.command()
@click.option("--workers", multiple=True, type=int, help="Simulated workers, several times for several runs.")
@click.option("--pieces", default=10, help="Segments of 120 frames for each of them.", show_default=True)
@click.option("--milliseconds", default=16.7, help="What a GPU takes for a frame.", show_default=True)
@click.option("--real", default=0, help="Frames to render with one and two real workers.")
def main(workers: tuple[int, ...], pieces: int, milliseconds: float, real: int) -> None:
    """Print one line of JSON for each run."""
    with TemporaryDirectory() as folder:
        for count in workers:
            figures = measure_simulated(count, pieces, milliseconds, Path(folder))
            click.echo(json.dumps({**figures, "efficiency": figures["ideal"] / figures["seconds"]}))
        for row in measure_real(real, Path(folder)) if real else ():
            click.echo(json.dumps(row))


if __name__ == "__main__":
    main()
