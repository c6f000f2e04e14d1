"""How steady a rendered video is: what `--flicker` does to the warping error, the sharpness and the speed.

    python -m benchmarks.flicker --clip flower.mp4 1 3 --clip dog.mp4 2 4 --pictures slices/

Each stretch is painted in every mode. `error` is the mean difference (of 255) of a frame from the one before it, moved
along the source's own motion, hidden parts left out; the flow comes from another algorithm than the renderer's. `excess`
is what it has above the source's own error, which stands beside it; `squared` is the excess of the mean squared
difference. Sharpness is the steepness of edges, gradient the mean step between neighbouring pixels, both relative to
`off`. A ghost is the share of the last frame that still shows where things have moved away, less that of `off`.
"""

import platform
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

import click
import numpy as np
import torch
from torch import Tensor

from vidstyle.analysis.sharpness import picture_sharpness
from vidstyle.analysis.smoothing import TemporalAverage
from vidstyle.analysis.temporal_consistency import WarpingMeter
from vidstyle.errors import VidstyleError
from vidstyle.media.images import write_image
from vidstyle.media.probe import probe
from vidstyle.media.read import VideoReader
from vidstyle.models.image_model import ImageModel, WholeFrameModel
from vidstyle.pixels import to_host
from vidstyle.render.engine import Engine
from vidstyle.render.painter import Painter
from vidstyle.render.plan import plan_video
from vidstyle.render.settings import FINISHES, FLICKER, RenderSettings

MOVED = 48
"""Difference (of 255) of a pixel from the last frame's, from which on something has moved away there."""
HEADINGS = (
    "| clip | mode | source's error | error | excess | against off | squared | sharpness | gradient | ghost | fps |"
)


class Watched:
    """A painter's generator that keeps what went in and came out last."""

    def __init__(self, generator: WholeFrameModel) -> None:
        self.generator = generator
        self.scale, self.multiple_of, self.half_ok = generator.scale, generator.multiple_of, generator.half_ok
        self.source = self.painted = np.empty(0)

    def __call__(self, images: Tensor) -> Tensor:
        painted = self.generator(images)
        self.source, self.painted = (to_host(frames, sixteen_bit=False)[0] for frames in (images, painted))
        return painted

    def in_strips(self, rows: int) -> ImageModel:
        """Return the generator in strips, which is not watched."""
        return self.generator.in_strips(rows)


@dataclass
class Looks:
    """What is measured of one size of picture in one mode, frame by frame."""

    meter: WarpingMeter = field(default_factory=WarpingMeter)
    sharpness: list[float] = field(default_factory=list)
    gradients: list[float] = field(default_factory=list)

    def update(self, source: np.ndarray, picture: np.ndarray) -> None:
        """Take the next frame of both, (h, w, 3) uint8."""
        self.meter.update(source, picture)
        self.sharpness.append(picture_sharpness(picture))
        numbers = picture.astype(np.float32)
        self.gradients.append(sum(float(np.abs(np.diff(numbers, axis=axis)).mean()) for axis in (0, 1)))


class Mode:
    """A mode's painter and what was measured of the generator's paintings and of the final pictures so far."""

    def __init__(self, path: Path, flicker: str, finish: str, style: str) -> None:
        settings, clip = RenderSettings(style=style, flicker=flicker, finish=finish), probe(path)
        engine = Engine(settings)
        self.sizes = engine.sizes(clip.upright_size)
        plan = plan_video(clip, path.with_suffix(".mp4"), self.sizes, engine.upscaler_name(self.sizes), settings)
        made = engine.video_painter(plan)
        self.watched = Watched(made.generator)
        average = TemporalAverage if made.averages else None
        self.painter = Painter(
            self.watched, made.upscaler, made.device, made.config, settings, plan.colours, new_average=average
        )
        self.painted, self.final = Looks(), Looks()
        self.seconds: list[float] = []
        self.ghosts: list[float] = []
        self.lines: list[np.ndarray] = []

    def update(self, frames: np.ndarray) -> None:
        """Paint and measure the next frame, (1, h, w, 3) uint8."""
        began = perf_counter()
        result = self.painter.paint(frames, self.sizes, sixteen_bit=False)[0]
        self.seconds.append(perf_counter() - began)
        self.painted.update(self.watched.source, self.watched.painted)
        self.final.update(frames[0], result)
        self.lines.append(self.watched.painted[self.watched.painted.shape[0] // 2])


def measure(
    path: Path, start: float, end: float, wanted: list[str], finish: str = "auto", style: str = "default"
) -> dict[str, Mode]:
    """Return what each mode, of which `off` is the first, makes of a stretch in seconds; they take turns frame by frame."""
    modes, before = {flicker: Mode(path, flicker, finish, style) for flicker in wanted}, None
    with VideoReader(probe(path), start_seconds=start, end_seconds=end) as reader:
        for batch in reader.batches(1):
            for mode in modes.values():
                mode.update(batch.frames)
            plain = modes["off"].watched.painted
            if before is not None:
                for mode in modes.values():
                    mode.ghosts.append(ghost(mode.watched.painted, plain, before))
            before = plain
    return modes


def ghost(steady: np.ndarray, plain: np.ndarray, before: np.ndarray) -> float:
    """Return the share of `before` in `steady` where it differs much from `plain`: 0 none, 0.5 as much as of `plain`."""
    gone = (before.astype(np.float32) - plain).ravel()
    moved = np.abs(gone) > MOVED
    gone, added = gone[moved], (steady.astype(np.float32) - plain).ravel()[moved]
    return float(gone @ added / max(gone @ gone, 1e-9))


def lines(name: str, modes: dict[str, Mode]) -> Iterator[str]:
    """Yield the table's rows for a stretch: the generator's paintings, then the final pictures."""
    for what in ("painted", "final"):
        plain: Looks = getattr(modes["off"], what)
        for flicker, mode in modes.items():
            last = [f"{np.mean(mode.ghosts):.3f}", f"{1 / np.median(mode.seconds):.2f}"]
            yield f"| {' | '.join([f'{name}, {what}', flicker, *_cells(getattr(mode, what), plain), *last])} |"


def _cells(look: Looks, plain: Looks) -> list[str]:
    error, off = look.meter.result(), plain.meter.result()
    relative = [np.mean(getattr(look, key)) / np.mean(getattr(plain, key)) - 1 for key in ("sharpness", "gradients")]
    return [
        f"{error.source:.2f}",
        f"{error.video:.2f}",
        f"{error.excess:.2f}",
        f"{error.excess / off.excess - 1:+.0%}",
        f"{error.excess_squared / off.excess_squared - 1:+.0%}",
        *(f"{change:+.1%}" for change in relative),
    ]


def write_slices(folder: Path, name: str, modes: dict[str, Mode]) -> None:
    """Write the middle line of every painting below that of the frame before, one picture for each mode."""
    folder.mkdir(parents=True, exist_ok=True)
    for flicker, mode in modes.items():
        write_image(folder / f"{name}_{flicker}.png", np.stack(mode.lines).repeat(4, 0).repeat(2, 1))


@click.command(help=__doc__)
@click.option(
    "--clip", "clips", type=(click.Path(exists=True, path_type=Path), float, float), multiple=True, required=True
)
@click.option(
    "--mode", "chosen", type=click.Choice(FLICKER[1:]), multiple=True, help="Modes besides off [default: all]."
)
@click.option("--style", default="default", show_default=True, help="Style that paints.")
@click.option("--finish", type=click.Choice(FINISHES), default="auto", show_default=True)
@click.option("--pictures", type=click.Path(path_type=Path), help="Folder for pictures of the middle line over time.")
@click.option("--threads", type=click.IntRange(1), help="Threads of torch.")
def main(
    clips: list[tuple[Path, float, float]],
    chosen: tuple[str, ...],
    style: str,
    finish: str,
    pictures: Path | None,
    threads: int | None,
) -> None:
    if threads:
        torch.set_num_threads(threads)
    wanted = ["off", *(mode for mode in FLICKER if mode not in ("auto", "off") and (mode in chosen or not chosen))]
    click.echo(f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}\n")
    click.echo(f"{HEADINGS}\n{'| --- ' * HEADINGS.count(' | ')}| --- |")
    for path, start, end in clips:
        try:
            modes = measure(path, start, end, wanted, finish, style)
        except VidstyleError as error:
            raise click.ClickException(str(error)) from error
        for line in lines(f"{path.stem} {start:g}-{end:g} s", modes):
            click.echo(line)
        if pictures:
            write_slices(pictures, f"{path.stem}_{start:g}", modes)


if __name__ == "__main__":
    main()
