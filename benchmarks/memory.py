"""Whether the memory that `vidstyle render` takes grows with the length of the video.

    python -m benchmarks.memory --size 1920 1080 --channels 4 --seconds 10 --seconds 100

Each length is rendered by a process of its own; the greatest share of memory it ever held is compared, as Linux counts
it from the start of its program: `getrusage` would begin with that of the process that started it. Results that were
measured are kept in benchmarks/results.md.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.clips import form, random_style
from vidstyle.media.clip import Batch
from vidstyle.media.write import VideoWriter

MEBIBYTE = 1 << 20
RENDER = """
import json, re, sys
from pathlib import Path
from vidstyle.render.settings import RenderSettings
from vidstyle.render.stage import run
source, target, wanted = sys.argv[1:]
result = run(Path(source), Path(target), RenderSettings(**json.loads(wanted)))
held = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
print(json.dumps([result.counts["frames"], result.seconds, int(held[1]) * 1024]))
"""


def make_clip(path: Path, size: tuple[int, int], frames: int, rate: int) -> Path:
    """Write a video of a drifting pattern, every frame different, and return its path."""
    with VideoWriter(path, form(size, rate)) as writer:
        for number, picture in enumerate(_pattern(size, frames)):
            writer.write(Batch(picture[None], (number,), (1,), Fraction(1, rate)))
    return path


def _pattern(size: tuple[int, int], frames: int) -> Iterator[np.ndarray]:
    across, down = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    still = np.stack([across // 7, down // 5, across + down], -1).astype(np.uint8)
    for number in range(frames):
        yield np.ascontiguousarray(np.roll(still, 3 * number, 1))


def peak(source: Path, target: Path, wanted: dict[str, Any]) -> tuple[int, float, int]:
    """Return the frames, the seconds and the most bytes of memory of one render in a process of its own."""
    command = [sys.executable, "-c", RENDER, str(source), str(target), json.dumps(wanted)]
    frames, taken, held = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return frames, taken, held


@click.command(help=__doc__)
@click.option("--size", type=(int, int), default=(1920, 1080), show_default=True, help="WIDTH HEIGHT of the video.")
@click.option("--seconds", type=int, multiple=True, default=(10, 100), show_default=True, help="Lengths to compare.")
@click.option("--rate", type=int, default=24, show_default=True, help="Frames a second.")
@click.option("--style", help="A style (default: untrained, of --channels and --blocks).")
@click.option("--channels", type=int, default=4, show_default=True)
@click.option("--paint-size", default="source", show_default=True, help="As --size of vidstyle render.")
@click.option("--upscaler", default="none", show_default=True)
@click.option("--precision", default="auto", show_default=True)
@click.option("--backend", default="auto", show_default=True)
def main(size: tuple[int, int], seconds: tuple[int, ...], rate: int, style: str | None, **others: Any) -> None:
    channels, paint_size = others.pop("channels"), others.pop("paint_size")
    table = Table("seconds", "frames", "frames a second", "peak MiB", "to the first")
    with TemporaryDirectory() as name:
        folder = Path(name)
        style = style or str(random_style(folder / "random.safetensors", channels))
        wanted = {**others, "style": style, "size": paint_size if paint_size == "source" else int(paint_size)}
        peaks: list[int] = []
        for length in seconds:
            source = make_clip(folder / f"{length}.mp4", size, length * rate, rate)
            frames, taken, held = peak(source, folder / f"{length}-out.mp4", {**wanted, "preset": "ultrafast"})
            peaks.append(held)
            row = (length, frames, f"{frames / taken:.1f}", f"{held / MEBIBYTE:.0f}", f"{held / peaks[0] - 1:+.1%}")
            table.add_row(*map(str, row))
    Console().print(table)


if __name__ == "__main__":
    main()
