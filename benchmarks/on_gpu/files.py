"""Part 2, with files: `vidstyle render` of a video, decoding and encoding included, at the settings that ship.

    python -m benchmarks.on_gpu.files FIGURES [--set NAME=VALUE]

Where there is no ffmpeg program the result is not joined with its sound, and the figures are those until then.
"""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from benchmarks.clips import make_clip, random_style
from benchmarks.on_gpu.figures import Figures
from benchmarks.on_gpu.render import chosen_settings
from benchmarks.render import SAMPLE
from vidstyle.errors import DependencyError
from vidstyle.progress import Progress
from vidstyle.render.settings import RenderSettings
from vidstyle.render.stage import run

FRAMES, TINY_FRAMES = 480, 6
WARM_FRAMES = 48
WAYS: tuple[dict[str, Any], ...] = (
    {"size": "source", "outscale": 4.0, "preset": "veryfast"},
    {"size": "source", "outscale": 4.0},
    {"size": "source", "outscale": 4.0, "flicker": "off", "preset": "veryfast"},
)
"""Settings that differ from what ships; the first pair tells what x264 costs."""


def render(source: Path, target: Path, wanted: dict[str, Any], warm: int) -> dict[str, Any]:
    """Return the frames a second of a render after its first `warm` ones, until its frames are encoded, and how it ended."""
    seen: list[tuple[float, int]] = []

    def note(progress: Progress) -> None:
        if progress.phase == source.name:
            seen.append((time.monotonic(), progress.done))

    ending, began = "whole", time.monotonic()
    try:
        run(source, target, RenderSettings(**wanted), note)
    except DependencyError as error:
        ending = str(error).splitlines()[0][:80]
    after = [moment for moment in seen if moment[1] >= warm] or seen
    (first, before), (last, frames) = after[0], after[-1]
    fps = (frames - before) / (last - first) if last > first else None
    return {"frames": frames, "fps": fps, "start s": seen[0][0] - began, "ended": ending}


@click.command(help=__doc__)
@click.argument("figures", type=click.Path(path_type=Path))
@click.option("--set", "pairs", multiple=True, metavar="NAME=VALUE", help="A setting of `vidstyle render`.")
@click.option("--rehearse", is_flag=True)
def main(figures: Path, pairs: Sequence[str], rehearse: bool) -> None:
    found = Figures(figures)
    given = chosen_settings(pairs).record()
    with TemporaryDirectory() as name:
        folder = Path(name)
        size, frames = ((64, 36), TINY_FRAMES) if rehearse else ((480, 270), FRAMES)
        source = make_clip(SAMPLE, folder / "clip.mp4", size, frames).path
        small = {"style": str(random_style(folder / "style.safetensors", 4)), "device": "cpu", "backend": "eager"}
        for number, way in enumerate(WAYS[:1] if rehearse else WAYS):
            wanted = {**given, **(small if rehearse else {"device": "cuda"}), **way}
            work = folder / f"{number}.mp4"
            named = {"source": f"{size[0]}x{size[1]}", **way}
            row = found.attempt(
                "files",
                named,
                lambda wanted=wanted, work=work: render(source, work, wanted, 1 if rehearse else WARM_FRAMES),
            )
            if number == 0 and row:
                found.say(f"{row['fps']:.1f} frames a second with {way}" if row["fps"] else "too few frames to time")
    sys.exit(bool(found.faults))


if __name__ == "__main__":
    main()
