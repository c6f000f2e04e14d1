"""Part 2: how fast frames from memory are painted, stage by stage and as a whole, and what each choice is worth.

    python -m benchmarks.on_gpu.render FIGURES [--style STYLE] [--set NAME=VALUE]

No video is decoded or encoded. The stages are timed alone; `fps` is the painting of a stream of frames on three threads,
as `vidstyle render` does it. Finish: what `compute` takes beside the networks. Of the slowest stage: its time over that
of the whole. Idle: the share of that time in which the GPU computes nothing.
"""

import sys
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch

from benchmarks.on_gpu.cases import Case, cases, described, flop_a_frame, painter_of, sizes_of
from benchmarks.on_gpu.figures import (
    Figures,
    forget_peak,
    matmul_rate,
    peak_mebibytes,
    seconds_a_call,
    settle,
)
from vidstyle.device import resolve_device
from vidstyle.models.resize import resize
from vidstyle.models.style_file import Style, find_style, load_style
from vidstyle.networks.generator_kinds import GENERATORS
from vidstyle.pixels import to_floats
from vidstyle.render.painter import DeviceFrames, Painter
from vidstyle.render.settings import RenderSettings
from vidstyle.render.sizes import Sizes
from vidstyle.render.threads import pipeline

WARM_BATCHES, TIMES, STREAM_SECONDS = 4, 10, 2.0
FULL_CASES = 3
"""So many of the first cases are measured with the full generator too."""
AIM_FPS, AIM_SHARE = 100, 0.9


class BusyTime:
    """The seconds in which a GPU computes, as events around each batch tell; on a CPU those of the calls."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._events: list[tuple[torch.cuda.Event, torch.cuda.Event]] = []
        self._seconds = 0.0

    def __call__(self, painter: Painter, frames: DeviceFrames, sizes: Sizes) -> DeviceFrames:
        """Return what the painter makes of the frames."""
        if self._device.type != "cuda":
            began = time.perf_counter()
            painted = painter.compute(frames, sizes, sixteen_bit=False)
            self._seconds += time.perf_counter() - began
            return painted
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        painted = painter.compute(frames, sizes, sixteen_bit=False)
        end.record()
        self._events.append((begin, end))
        return painted

    def seconds(self) -> float:
        """Return the seconds so far."""
        settle(self._device)
        return self._seconds + sum(begin.elapsed_time(end) for begin, end in self._events) / 1000


def stages(painter: Painter, frames: np.ndarray, sizes: Sizes, times: int) -> dict[str, float]:
    """Return the milliseconds a frame of each stage of a batch alone: its networks are part of `compute`."""
    device, count = painter.device, len(frames)
    uploaded = painter.upload(frames, reset=True)
    painted = painter.compute(uploaded, sizes, sixteen_bit=False)
    assert uploaded.distinct is not None
    with torch.inference_mode():
        source = resize(to_floats(uploaded.distinct.wait()), sizes.painted)
        pictures = painter.generator(source).float().clone()
        works: dict[str, Any] = {
            "upload": lambda: painter.upload(frames, reset=True).distinct.wait(),
            "compute": lambda: painter.compute(uploaded, sizes, sixteen_bit=False),
            "generator": lambda: painter.generator(source),
            "upscaler": lambda: painter.enlarge(pictures),
            "download": lambda: painter.download(painted),
        }
        if painter.upscaler is None:
            del works["upscaler"]
        return {name: 1000 * seconds_a_call(work, device, times) / count for name, work in works.items()}


def stream(painter: Painter, frames: np.ndarray, sizes: Sizes, seconds: float) -> tuple[float, float]:
    """Return the frames a second of painting for so many seconds, and the share of them in which nothing was computed."""
    busy, ends, done = BusyTime(painter.device), time.monotonic() + 3600, 0

    def batches() -> Iterator[DeviceFrames]:
        number = 0
        while time.monotonic() < ends:
            yield painter.upload(np.roll(frames, number % 7, axis=2), reset=True)
            number += 1

    began, before = 0.0, 0.0
    for painted in pipeline(batches(), partial(map, lambda read: busy(painter, read, sizes)), painter.download):
        done += len(painted)
        if done == WARM_BATCHES * len(frames):
            began, before = time.monotonic(), busy.seconds()
            ends = began + seconds
    taken = time.monotonic() - began
    return (done - WARM_BATCHES * len(frames)) / taken, 1 - min((busy.seconds() - before) / taken, 1)


def measure(
    case: Case, style: Style, device: torch.device, settings: RenderSettings, ceiling: float, rehearse: bool
) -> dict[str, Any]:
    """Return the figures of one case."""
    sizes = sizes_of(case)
    width, height = sizes.source
    frames = np.random.default_rng(0).integers(0, 256, (case.batch, height, width, 3), np.uint8)
    forget_peak(device)
    painter = painter_of(case, style, device, settings)
    found = stages(painter, frames, sizes, 1 if rehearse else TIMES)
    fps, idle = stream(painter, frames, sizes, 0.2 if rehearse else STREAM_SECONDS)
    networks = found["generator"] + found.get("upscaler", 0.0)
    slowest = max(found[name] for name in ("upload", "compute", "download"))
    return {
        **{f"{name} ms": value for name, value in found.items()},
        "finish ms": found["compute"] - networks,
        "fps": fps,
        "of the slowest stage": slowest * fps / 1000,
        "of the matmul rate": 1000 * flop_a_frame(case, style, device) / networks / ceiling,
        "idle": idle,
        "MiB": peak_mebibytes(device),
        "short of memory": " ".join(painter.notes) or None,
    }


def untrained(kind: str, channels: int, blocks: int) -> Style:
    """Return a style with random weights, whose speed is that of a trained one."""
    torch.manual_seed(0)
    return Style(kind, channels, blocks, 256, GENERATORS[kind](channels, blocks).state_dict())


def chosen_settings(pairs: Sequence[str]) -> RenderSettings:
    """Return settings of rendering with the given NAME=VALUE, their values read as numbers where they are."""
    given: dict[str, Any] = {}
    for name, _, text in (pair.partition("=") for pair in pairs):
        words = {"on": True, "off": False} if isinstance(getattr(RenderSettings, name, None), bool) else {}
        number = float(text) if text.replace(".", "", 1).isdigit() else text
        given[name] = words.get(text, int(number) if isinstance(number, float) and number.is_integer() else number)
    return RenderSettings(**given)


def headline(rows: Sequence[dict[str, Any]]) -> str:
    """Return how the best row of the first case stands against the aims."""
    aimed = [row for row in rows if "->" in row["size"] and "fps" in row]
    if not aimed:
        return "nothing was measured"
    best = max(aimed, key=lambda row: float(row["fps"]))
    share = best["of the slowest stage"]
    return (
        f"{best['size']}: {best['fps']:.1f} frames a second (aim {AIM_FPS}), {share:.0%} of the slowest stage "
        f"(aim {AIM_SHARE:.0%})"
    )


@click.command(help=__doc__)
@click.argument("figures", type=click.Path(path_type=Path))
@click.option("--style", default="default", show_default=True, help="A style besides an untrained full one.")
@click.option("--set", "pairs", multiple=True, metavar="NAME=VALUE", help="A setting of `vidstyle render`.")
@click.option("--rehearse", is_flag=True)
def main(figures: Path, style: str, pairs: tuple[str, ...], rehearse: bool) -> None:
    device = resolve_device("cpu" if rehearse else "cuda")
    settings, found = chosen_settings(pairs), Figures(figures)
    styles = [untrained("resnet", 4, 5)] if rehearse else [load_style(find_style(style)), untrained("resnet", 64, 9)]
    ceiling = matmul_rate(device, torch.float32 if rehearse else torch.bfloat16)
    found.add("matrix products", dtype="fp32" if rehearse else "bf16", tflops=ceiling / 1e12)
    rows = []
    for number, case in enumerate(cases(rehearse)):
        for weights in styles if number < FULL_CASES else styles[:1]:
            named = described(case, weights)
            measured = found.attempt(
                "from memory",
                named,
                lambda case=case, weights=weights: measure(case, weights, device, settings, ceiling, rehearse),
            )
            rows.append({**named, **measured})
            found.say(headline(rows))
    sys.exit(bool(found.faults))


if __name__ == "__main__":
    main()
