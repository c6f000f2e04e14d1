"""How fast a training step is, beside the same step in the public code's order of work, and that both learn alike.

   python -m benchmarks.train                                  seconds a step, images/s, share of the matmul ceiling
   python -m benchmarks.train --track DATASET -o curves.html   losses over 200 steps of small networks

The plain step is fp32 and eager, with an encoder pass for each set of features and resampling by depthwise convolutions.
A share of the ceiling above 100 % comes from convolutions that need fewer products than they are counted with (Winograd).
"""

import time
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from statistics import mean, median

import click
import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.plain_step import PlainStep
from vidstyle.device import resolve_device, resolve_precision
from vidstyle.host_memory import keep_large_buffers
from vidstyle.pixels import to_signed_floats
from vidstyle.progress import silent
from vidstyle.report.page import chart, charts, write_page
from vidstyle.train.data.dataset import open_dataset
from vidstyle.train.data.sampling import BatchSampler, step_generator
from vidstyle.train.methods.cut import ContrastiveTraining
from vidstyle.train.settings import TrainSettings

SMALL = {"channels": 16, "discriminator_channels": 16, "crop": 64, "load": 72, "holdout": 0.0}
TRACKED_STEPS = 200
SEEDS = (0, 1, 2, 3)
MATMUL_SIDE = 2048

Curve = tuple[list[int], list[float]]
"""Steps, and a loss at each of them."""


def ceiling(device: torch.device, dtype: torch.dtype) -> float:
    """Return the GFLOP/s of a large matrix product."""
    matrix = torch.rand(MATMUL_SIDE, MATMUL_SIDE, device=device).to(dtype)
    seconds = [_timed(lambda: matrix @ matrix, device) for _ in range(6)]
    return 2 * MATMUL_SIDE**3 / min(seconds) / 1e9


def _timed(work: Callable[[], object], device: torch.device) -> float:
    _settle(device)
    began = time.perf_counter()
    work()
    _settle(device)
    return time.perf_counter() - began


def _settle(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def measure(
    method: PlainStep | ContrastiveTraining,
    settings: TrainSettings,
    device: torch.device,
    steps: int,
    layout: torch.memory_format,
) -> dict:
    """Return the seconds of some steps on noise, their median, and the GFLOP of convolutions and matrix products in each."""
    random = torch.Generator().manual_seed(0)
    photos, paintings = (
        (torch.rand(settings.batch, 3, settings.crop, settings.crop, generator=random) * 2 - 1)
        .to(device)
        .contiguous(memory_format=layout)
        for _ in range(2)
    )

    def step() -> object:
        return method.step(photos, paintings, random)

    with FlopCounterMode(display=False) as counter:
        step()
    seconds = [_timed(step, device) for _ in range(steps)]
    return {"seconds": median(seconds), "gflop": counter.get_total_flops() / 1e9, "all": seconds}


def compare(settings: TrainSettings, steps: int) -> list[str]:
    """Return a table in Markdown: the plain step and ours."""
    device = resolve_device(settings.device)
    dtype = resolve_precision(settings.precision, device)
    plain = measure(PlainStep(settings, device), settings, device, steps, torch.contiguous_format)
    plain_ceiling = ceiling(device, torch.float32)
    with keep_large_buffers(device):
        ours = measure(ContrastiveTraining(settings, device, dtype), settings, device, steps, torch.channels_last)
    rows = [("plain, fp32", plain, plain_ceiling), (f"ours, {str(dtype)[6:]}", ours, ceiling(device, dtype))]
    lines = ["| step | s | images/s | times plain | GFLOP | matmul ceiling GFLOP/s | of ceiling |", "|" + "---|" * 7]
    for name, measured, top in rows:
        seconds, gflop = measured["seconds"], measured["gflop"]
        lines.append(
            f"| {name} | {seconds:.2f} | {settings.batch / seconds:.3f} | {plain['seconds'] / seconds:.2f} | {gflop:,.0f} | "
            f"{top:,.0f} | {gflop / seconds / top:.0%} |"
        )
    every = (f"{name}: " + ", ".join(f"{second:.2f}" for second in measured["all"]) for name, measured, _ in rows)
    return [*lines, "", *every]


def track(
    dataset: Path, seeds: tuple[int, ...], method: Callable[[TrainSettings], object]
) -> dict[int, dict[str, Curve]]:
    """Return for each seed the losses over TRACKED_STEPS steps on a dataset, by name."""
    found = {}
    for seed in seeds:
        settings = TrainSettings(method="cut", seed=seed, device="cpu", **SMALL)
        images = open_dataset(dataset, settings, silent)
        batches = BatchSampler(images, batch=1, crop=settings.crop, flip=True, seed=seed)
        training, rows = method(settings), []
        for step in range(TRACKED_STEPS):
            photos, paintings = (to_signed_floats(side) for side in batches.images(step))
            rows.append(training.step(photos, paintings, step_generator(seed, step)))  # type: ignore[attr-defined]
        steps = list(range(1, TRACKED_STEPS + 1))
        found[seed] = {name: (steps, [float(row[name]) for row in rows]) for name in rows[0]}
    return found


def _ours(settings: TrainSettings) -> ContrastiveTraining:
    device = torch.device("cpu")
    return ContrastiveTraining(settings, device, resolve_precision(settings.precision, device))


def plot_tracks(dataset: Path, target: Path) -> list[str]:
    """Write a page with the losses of the plain step and of ours at one seed, and of the plain one at another.

    Return the distances between them.
    """
    plain = track(dataset, SEEDS, lambda settings: PlainStep(settings, torch.device("cpu")))
    ours = track(dataset, SEEDS, _ours)
    sections, lines = {}, []
    for name in ours[0]:
        curves = {"plain": plain[0][name], "ours": ours[0][name], "plain, seed 1": plain[1][name]}
        sections[name] = charts([chart(label, *curve) for label, curve in curves.items()])
        apart = [_distance(ours[seed][name], plain[seed][name]) for seed in SEEDS]
        seeds_apart = [_distance(plain[seed][name], plain[other][name]) for seed, other in combinations(SEEDS, 2)]
        lines.append(
            f"{name}: mean |ours - plain| {mean(apart):.3f} at the same seed, "
            f"mean |plain - plain| {mean(seeds_apart):.3f} between seeds"
        )
    write_page(target, f"Losses over {TRACKED_STEPS} steps", sections)
    return lines


def _distance(curve: Curve, other: Curve) -> float:
    return float(np.abs(np.subtract(curve[1], other[1])).mean())


@click.command()
@click.option("--steps", default=3, show_default=True, help="Steps to time after a first one.")
@click.option("--crop", default=256, show_default=True, help="Side of the crops.")
@click.option("--channels", default=64, show_default=True, help="Width of the networks.")
@click.option("--batch", default=1, show_default=True, help="Image pairs a step.")
@click.option("--device", default="auto", show_default=True, help="Where to train.")
@click.option(
    "--track", "tracked", type=click.Path(path_type=Path), help="Dataset on which to follow the losses instead."
)
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("curves.html"), help="Page of --track.")
def main(steps: int, crop: int, channels: int, batch: int, device: str, tracked: Path | None, output: Path) -> None:
    """Time both steps, or follow their losses."""
    if tracked:
        lines = plot_tracks(tracked, output)
    else:
        widths = {"channels": channels, "discriminator_channels": channels}
        settings = TrainSettings(method="cut", crop=crop, load=crop, batch=batch, device=device, **widths)
        lines = compare(settings, steps)
    for line in lines:
        click.echo(line)


if __name__ == "__main__":
    main()
