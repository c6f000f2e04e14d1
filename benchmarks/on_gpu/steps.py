"""Part 3: how fast each method's training step is, beside CUT's step in the public code's order of work.

    python -m benchmarks.on_gpu.steps FIGURES

`of the matmul rate` counts convolutions and matrix products. The last column says how long 200 epochs of 571 photos take.
"""

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import torch

from benchmarks.on_gpu.figures import (
    Figures,
    FlopCount,
    forget_peak,
    matmul_rate,
    peak_mebibytes,
    seconds_a_call,
)
from benchmarks.plain_step import PlainStep
from vidstyle.device import DTYPES, resolve_device
from vidstyle.train.method_defaults import METHODS
from vidstyle.train.methods.base import TrainingMethod
from vidstyle.train.methods.registry import TRAINING_METHODS
from vidstyle.train.settings import TrainSettings

PLAIN = "cut, plain"
"""The step in the public code's order of work, fp32 and eager."""
AIM_TIMES, AIM_MINUTES, PHOTOS, EPOCHS = 4, 10, 571, 200


@dataclass(frozen=True)
class StepCase:
    """One way of training; `layout` is that of the pictures, `first` or `last` for where channels stand."""

    method: str
    crop: int = 256
    batch: int = 1
    precision: str = "bf16"
    layout: str = "last"
    compiled: bool = False


def step_cases(rehearse: bool) -> list[StepCase]:
    """Return all cases: those of the main method first, then all methods that leave a style, then what takes longest."""
    first = TrainSettings().method
    methods = [name for name, method in METHODS.items() if method.leaves == "style"]
    if rehearse:
        tiny = [StepCase(PLAIN, 32, 1, "fp32", "first"), StepCase(first, 32, 2, "fp32", compiled=True)]
        return [*tiny, *(StepCase(name, 32, 1, "fp32") for name in methods if name != "rt")]
    return [
        StepCase(PLAIN, precision="fp32", layout="first"),
        *(StepCase(first, batch=batch) for batch in (1, 4, 16, 64)),
        StepCase(first, batch=16, layout="first"),
        StepCase(first, batch=16, precision="fp32"),
        StepCase(PLAIN, crop=512, precision="fp32", layout="first"),
        *(StepCase(first, crop=512, batch=batch) for batch in (1, 4, 16)),
        *(StepCase(name, batch=16) for name in methods if name != first),
        StepCase(first, batch=16, compiled=True),
        StepCase(first, crop=512, precision="fp32", batch=4),
    ]


def method_of(case: StepCase, device: torch.device, rehearse: bool) -> TrainingMethod | PlainStep:
    """Return the method of a case, its networks at the widths that it has by default."""
    narrow = {"channels": 8, "discriminator_channels": 8, "blocks": 5}
    name = "cut" if case.method == PLAIN else case.method
    small = {key: value for key, value in narrow.items() if rehearse and key in METHODS[name].defaults}
    settings = TrainSettings(method=name, crop=case.crop, load=case.crop, batch=case.batch, **small)
    if case.method == PLAIN:
        return PlainStep(settings, device)
    method = TRAINING_METHODS[name](settings, device, DTYPES[case.precision])
    if case.compiled:
        _compile(method, "eager" if rehearse else "inductor")
    return method


def _compile(method: TrainingMethod, backend: str) -> None:
    """Compile what a method calls of its networks."""
    for network in method.networks.values():
        network.compile(backend=backend)
        for name in ("paint_and_features", "features"):
            if callable(called := getattr(network, name, None)):
                setattr(network, name, torch.compile(called, backend=backend))


def channels_of(case: StepCase) -> int:
    """Return how many channels a step gets of each image: three more where its counterpart comes with it."""
    return 6 if case.method != PLAIN and TrainSettings(method=case.method).counterparts else 3


def measure(case: StepCase, device: torch.device, ceiling: float, times: int, rehearse: bool) -> dict[str, Any]:
    """Return the figures of one case, over `times` steps on noise."""
    method, random = method_of(case, device, rehearse), torch.Generator().manual_seed(0)
    layout = torch.channels_last if case.layout == "last" else torch.contiguous_format
    photos, paintings = (
        (torch.rand(case.batch, channels_of(case), case.crop, case.crop, generator=random) * 2 - 1)
        .to(device)
        .contiguous(memory_format=layout)
        for _ in range(2)
    )
    forget_peak(device)
    flop = None
    if not case.compiled:
        with FlopCount() as counter:
            method.step(photos, paintings, random)
        flop = counter.flop
    seconds = seconds_a_call(lambda: method.step(photos, paintings, random), device, times)
    images = case.batch / seconds
    return {
        "ms": 1000 * seconds,
        "images/s": images,
        "of the matmul rate": flop / seconds / ceiling if flop else None,
        "MiB": peak_mebibytes(device),
        f"minutes for {EPOCHS} epochs": EPOCHS * PHOTOS / images / 60,
    }


def headline(rows: Sequence[dict[str, Any]]) -> str:
    """Return how our fastest step stands against the aims."""
    compared = (PLAIN, "cut", TrainSettings().method)
    of_one_crop = [row for row in rows if row["crop"] == rows[0]["crop"] and row["method"] in compared]
    speed = {"plain": 0.0, "ours": 0.0}
    for row in of_one_crop:
        kind = "plain" if row["method"] == PLAIN else "ours"
        speed[kind] = max(speed[kind], row["images/s"])
    if not all(speed.values()):
        return "nothing to compare"
    return (
        f"{speed['ours']:.1f} images a second at best, {speed['ours'] / speed['plain']:.1f} times the plain step "
        f"(aim {AIM_TIMES}); {EPOCHS} epochs of {PHOTOS} photos in {EPOCHS * PHOTOS / speed['ours'] / 60:.1f} minutes "
        f"(aim {AIM_MINUTES})"
    )


@click.command(help=__doc__)
@click.argument("figures", type=click.Path(path_type=Path))
@click.option("--times", type=click.IntRange(1), default=20, show_default=True, help="Steps to time in each case.")
@click.option("--rehearse", is_flag=True)
def main(figures: Path, times: int, rehearse: bool) -> None:
    device, found = resolve_device("cpu" if rehearse else "cuda"), Figures(figures)
    times = 1 if rehearse else times
    ceilings = {name: matmul_rate(device, DTYPES[name]) for name in (("fp32",) if rehearse else ("fp32", "bf16"))}
    found.add("matrix products", **{f"{name} TFLOP/s": rate / 1e12 for name, rate in ceilings.items()})
    rows: list[dict[str, Any]] = []
    for case in step_cases(rehearse):
        measured = found.attempt(
            "steps",
            asdict(case),
            lambda case=case: measure(case, device, ceilings[case.precision], times, rehearse),
        )
        rows += [{**asdict(case), **measured}] if measured else []
        if rows:
            found.say(headline(rows))
    sys.exit(bool(found.faults))


if __name__ == "__main__":
    main()
