"""How fast `vidstyle render` is, part by part and as a whole, beside its plain twin in the same run.

    python -m benchmarks.render --precision bf16
    python -m benchmarks.render --precision int8 --frames 16

The plain twin works as the public scripts of CUT and Real-ESRGAN do: fp32 in eager mode, one frame at a time, PNG files
between the steps. Both leave flicker as it is; what steadying costs is measured by benchmarks/flicker.py. Results that
were measured are kept in benchmarks/results.md.
"""

import json
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

import click
import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from benchmarks.clips import batches, form, make_clip, random_style
from benchmarks.plain_twin import twin
from vidstyle.errors import VidstyleError
from vidstyle.media.clip import Batch, Clip
from vidstyle.media.write import VideoWriter
from vidstyle.models.resize import resize
from vidstyle.pixels import to_device, to_host
from vidstyle.progress import Progress
from vidstyle.render.engine import Engine
from vidstyle.render.painter import Painter
from vidstyle.render.plan import plan_video
from vidstyle.render.settings import RenderSettings
from vidstyle.render.sizes import Sizes
from vidstyle.render.stage import run

SAMPLE = Path(__file__).parent.parent / "sample_videos" / "landscape.mp4"
COMPARED_FRAMES = 4


@dataclass(frozen=True)
class Measured:
    """Seconds a frame of each part, and of the render and its twin as a whole; PSNR in dB to fp32.

    `cpu_overhead` compares the seconds of all processors, which neighbours on the machine disturb less than the clock.
    """

    parts: dict[str, float]
    whole: float
    cpu_overhead: float
    start: float
    twin: float
    psnr: float
    resolved: dict[str, Any]

    @property
    def networks(self) -> float:
        """Seconds a frame in the networks alone."""
        return self.parts["generator"] + self.parts.get("upscaler", 0.0)

    def record(self) -> dict[str, Any]:
        """Return all figures, ready for JSON."""
        return {
            "resolved": self.resolved,
            "seconds_per_frame": {**self.parts, "end to end": self.whole, "plain twin": self.twin},
            "start_seconds": self.start,
            "times_the_plain_twin": self.twin / self.whole,
            "overhead_over_networks": self.whole / self.networks - 1,
            "overhead_in_processor_time": self.cpu_overhead,
            "psnr_to_fp32": self.psnr,
        }


def seconds(work: Callable[[], Any], times: int) -> float:
    """Return the median of the seconds that `work` takes, called once more before."""
    work()
    taken = []
    for _ in range(times):
        began = perf_counter()
        work()
        _finish()
        taken.append(perf_counter() - began)
    return median(taken)


def _finish() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def parts(clip: Clip, painter: Painter, sizes: Sizes, folder: Path, times: int) -> dict[str, float]:
    """Return the seconds a frame of each part alone: decoding with its colours, converting, networks, encoding."""
    every = list(batches(clip))
    frames = every[0].frames
    with torch.inference_mode():
        source = resize(to_device(frames, painter.device), sizes.painted)
        painted = painter.generator(source).float()
        enlarged = painter.enlarge(painted)
        result = to_host(resize(enlarged, sizes.result), sixteen_bit=False)

        def convert() -> None:
            resize(to_device(frames, painter.device), sizes.painted)
            to_host(resize(enlarged, sizes.result), sixteen_bit=False)

        found = {
            "decode": seconds(lambda: list(batches(clip)), 3) / len(every),
            "convert": seconds(convert, times),
            "generator": seconds(lambda: painter.generator(source), times),
        }
        if painter.upscaler is not None:
            found["upscaler"] = seconds(lambda: painter.enlarge(painted), times)
    found["encode"] = seconds(lambda: _encode(result, every, sizes, folder / "encoded.mp4"), 3) / len(every)
    return found


def _encode(frames: np.ndarray, every: list[Batch], sizes: Sizes, target: Path) -> None:
    with VideoWriter(target, form(sizes.result)) as writer:
        for batch in every:
            writer.write(Batch(np.roll(frames, batch.pts[0], 2), batch.pts, batch.durations, batch.time_base))


def whole(clip: Clip, settings: RenderSettings, folder: Path) -> tuple[float, float, float]:
    """Return the seconds a frame of a render after its first frame, joining included, by the clock and of all
    processors, and the seconds of its start.
    """
    seen: list[tuple[float, float]] = []

    def note(progress: Progress) -> None:
        if progress.phase == clip.path.name:
            seen.append((perf_counter(), process_time()))

    began = perf_counter()
    rest = run(clip.path, folder / "rendered.mp4", settings, note).counts["frames"] - 1
    taken, computed = (perf_counter() - seen[0][0]) / rest, (process_time() - seen[0][1]) / rest
    return taken, computed, seen[0][0] - began - taken


def networks_cpu(clip: Clip, painter: Painter, sizes: Sizes, times: int) -> float:
    """Return the seconds of all processors that the networks alone take for a frame."""
    frames = next(batches(clip)).frames
    with torch.inference_mode():
        source = resize(to_device(frames, painter.device), sizes.painted)
        began = process_time()
        for _ in range(times):
            painter.enlarge(painter.generator(source).float())
    return (process_time() - began) / times


def likeness(clip: Clip, painter: Painter, exact: Painter, sizes: Sizes) -> float:
    """Return the mean PSNR in dB of painted frames, spread over the clip, to those of `exact`."""
    every = list(batches(clip))
    found = []
    for batch in every[:: max(1, len(every) // COMPARED_FRAMES)]:
        given, wanted = (each.paint(batch.frames, sizes, sixteen_bit=False, reset=True) for each in (painter, exact))
        found.append(10 * np.log10(255**2 / max(1e-9, np.mean((given.astype(float) - wanted) ** 2))))
    return float(np.mean(found))


def measure(clip: Clip, wanted: dict[str, Any], folder: Path, times: int) -> Measured:
    """Return all figures for a clip rendered with the settings `wanted`."""
    wanted = {**wanted, "flicker": "off"}
    settings = RenderSettings(**wanted, overwrite=True)
    plain = RenderSettings(**{**wanted, "precision": "fp32", "backend": "eager"})
    engine, exact = Engine(settings), Engine(plain)
    sizes = engine.sizes(clip.upright_size)
    plan = plan_video(clip, folder / "rendered.mp4", sizes, engine.upscaler_name(sizes), settings)
    painter = engine.video_painter(plan)
    before = parts(clip, painter, sizes, folder, times)
    taken, computed, start = whole(clip, settings, folder)
    after = parts(clip, painter, sizes, folder, times)
    return Measured(
        parts={name: (before[name] + after[name]) / 2 for name in before},
        whole=taken,
        cpu_overhead=computed / networks_cpu(clip, painter, sizes, times) - 1,
        start=start,
        twin=twin(clip, plain, folder),
        psnr=likeness(clip, painter, exact.picture_painter(sizes), sizes),
        resolved=asdict(painter.config),
    )


def show(measured: Measured, about: str) -> None:
    """Print the figures as a table."""
    table = Table("part", "ms a frame", "frames a second", title=about)
    rows = {**measured.parts, "end to end": measured.whole, "plain twin": measured.twin}
    for name, taken in rows.items():
        table.add_row(name, f"{1000 * taken:.1f}", f"{1 / taken:.2f}")
    console = Console()
    console.print(table)
    record = measured.record()
    del record["seconds_per_frame"]
    console.print(record)


@click.command(help=__doc__)
@click.option(
    "--source", type=click.Path(exists=True, path_type=Path), default=SAMPLE, help="Video to take frames from."
)
@click.option("--size", type=(int, int), default=(640, 360), show_default=True, help="WIDTH HEIGHT of the clip.")
@click.option("--frames", type=click.IntRange(2), default=16, show_default=True)
@click.option("--style", help="A style (default: untrained, of --channels).")
@click.option("--channels", type=click.IntRange(1), default=64, show_default=True)
@click.option("--paint-size", default="source", show_default=True, help="As --size of vidstyle render.")
@click.option("--outscale", type=float, default=1.0, show_default=True)
@click.option("--upscaler", default="none", show_default=True)
@click.option("--precision", default="auto", show_default=True)
@click.option("--backend", default="auto", show_default=True)
@click.option("--device", default="auto", show_default=True)
@click.option("--times", type=click.IntRange(1), default=5, show_default=True, help="Calls of each network.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def main(source: Path, size: tuple[int, int], frames: int, style: str | None, **others: Any) -> None:
    as_json, times, channels = (others.pop(name) for name in ("as_json", "times", "channels"))
    paint_size = others.pop("paint_size")
    wanted = {**others, "size": paint_size if paint_size == "source" else int(paint_size)}
    try:
        with TemporaryDirectory() as name:
            folder = Path(name)
            clip = make_clip(source, folder / "clip.mp4", size, frames)
            style = style or str(random_style(folder / "random.safetensors", channels))
            measured = measure(clip, {**wanted, "style": style}, folder, times)
    except VidstyleError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(measured.record(), indent=2))
    else:
        show(measured, f"{size[0]}x{size[1]}, {frames} frames, {torch.get_num_threads()} threads, {platform.machine()}")


if __name__ == "__main__":
    main()
