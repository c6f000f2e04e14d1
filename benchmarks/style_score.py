"""How far styled photos are from a cartoon: distances of VGG16 features of crops, beside likeness to the source.

    python -m benchmarks.style_score --photos PHOTOS --style style.safetensors --target-video EPISODE

Pictures are scaled to one short side, as many square crops are drawn from each set, and of each crop the mean of
VGG16's relu5_3 is taken. `fd-vgg16` is the Frechet distance of two such sets, `kid-vgg16` the unbiased kernel
distance. The latter mostly sees content, so both are given. Low figures say little alone: `ssim` and `edges` tell
what is left of the source.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor
from torch.nn import functional

from benchmarks.likeness import edge_agreement, luma
from vidstyle.analysis.crops import crop_features, draw_crops, join_halves, scaled
from vidstyle.analysis.frechet import frechet_distance, kernel_distance
from vidstyle.analysis.psnr_ssim import ssim
from vidstyle.device import resolve_device, resolve_precision
from vidstyle.errors import InputError, VidstyleError
from vidstyle.media.images import list_images, read_image
from vidstyle.media.probe import probe
from vidstyle.media.read import VideoReader
from vidstyle.models.feature_network import load_vgg16
from vidstyle.models.style_file import load_style
from vidstyle.models.style_generator import StyleGenerator


def read_folder(folder: Path, short_side: int) -> dict[str, Tensor]:
    """Return the pictures of a folder by their names without suffix, scaled; raises InputError when there is none."""
    pictures = {path.stem: scaled(read_image(path), short_side) for path in list_images(folder)}
    if not pictures:
        raise InputError(f"There are no images in {folder}. Name a folder that holds some.")
    return pictures


def read_video(path: Path, ranges: Sequence[tuple[float, float]], every: float, short_side: int) -> list[Tensor]:
    """Return one picture each `every` seconds of the ranges (start, end) in seconds; of the whole video without any."""
    clip, pictures = probe(path), []
    spans: Sequence[tuple[float, float | None]] = ranges or [(0.0, None)]
    for start, end in spans:
        due = start
        with VideoReader(clip, start_seconds=start, end_seconds=end) as reader:
            for picture in reader.pictures():
                if float((picture.pts - reader.start_pts) * clip.time_base) >= due:
                    pictures.append(scaled(picture.rgb, short_side))
                    due += every
    return pictures


def feature_extractor(device: torch.device, dtype: torch.dtype) -> Callable[[Tensor], np.ndarray]:
    """Return the function that maps (n, 3, s, s) crops to (n, 512) features, the mean of relu5_3 over each crop."""
    return partial(crop_features, load_vgg16("", device).to(dtype, memory_format=torch.channels_last))


def colour_transfer(pictures: Sequence[Tensor], target: Sequence[Tensor], seed: int) -> list[Tensor]:
    """Return each picture with the mean and the deviation of one of the target's pictures in every channel."""
    chosen = np.random.default_rng(seed).integers(len(target), size=len(pictures))
    return [_with_colours_of(picture, target[number]) for picture, number in zip(pictures, chosen, strict=True)]


def _with_colours_of(picture: Tensor, model: Tensor) -> Tensor:
    mean, deviation = (measure((2, 3), keepdim=True) for measure in (picture.mean, picture.std))
    new_mean, new_deviation = (measure((2, 3), keepdim=True) for measure in (model.mean, model.std))
    return ((picture - mean) / deviation.clamp(min=1e-6) * new_deviation + new_mean).clamp(0, 1)


def paint(pictures: dict[str, Tensor], style: Path, device: torch.device, dtype: torch.dtype) -> dict[str, Tensor]:
    """Return the pictures painted in the style of a file, at their own size."""
    generator = StyleGenerator(load_style(style), device, dtype)
    return {name: generator(picture).float().cpu() for name, picture in pictures.items()}


def score(
    photos: dict[str, Tensor],
    styled: dict[str, Tensor] | None,
    target: Sequence[Tensor],
    extract: Callable[[Tensor], np.ndarray],
    draw: Callable[[Sequence[Tensor], int], Tensor],
    seed: int,
) -> dict[str, dict[str, float]]:
    """Return, for each set of pictures, its distances from the target and its likeness to the photos.

    `draw` cuts crops out of pictures, its number is added to the seed; every set of photos is cropped at the same places.
    The target's crops are half from its even and half from its odd pictures; `target halves` compares these two.
    """
    untouched = list(photos.values())
    sets = {"untouched": untouched, "colour transfer": colour_transfer(untouched, target, seed)}
    if styled is not None:
        sets["styled"] = [styled[name] for name in photos]
    even, odd = (extract(draw(target[start::2], 1 + start)) for start in (0, 1))
    goal = join_halves(even, odd)
    rows = {
        label: distances(extract(draw(pictures, 0)), goal) | likeness(pictures, untouched)
        for label, pictures in sets.items()
    }
    return {**rows, "target halves": distances(even, odd)}


def distances(first: np.ndarray, second: np.ndarray) -> dict[str, float]:
    """Return both distances of two sets of features, (n, d) and (m, d)."""
    return {"fd-vgg16": frechet_distance(first, second), "kid-vgg16": 1000 * kernel_distance(first, second)}


def likeness(pictures: Sequence[Tensor], photos: Sequence[Tensor]) -> dict[str, float]:
    """Return the mean structural similarity and the mean edge agreement of pictures with their photos."""
    pairs = list(zip(pictures, photos, strict=True))
    measures = {"ssim": lambda first, second: ssim(luma(first), luma(second)), "edges": edge_agreement}
    return {name: float(np.mean([measure(*pair) for pair in pairs])) for name, measure in measures.items()}


def matching(photos: dict[str, Tensor], styled: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the styled pictures cut or scaled to their photos' sizes; raises InputError when one is missing."""
    if missing := sorted(set(photos) - set(styled)):
        raise InputError(f"{len(missing)} photos have no styled picture of their name, the first is {missing[0]}.")
    return {
        name: functional.interpolate(styled[name], size=photo.shape[-2:], mode="bilinear", antialias=True)
        if styled[name].shape != photo.shape
        else styled[name]
        for name, photo in photos.items()
    }


FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(help=__doc__)
@click.option("--photos", type=FOLDER, required=True, help="Untouched photos.")
@click.option("--styled", type=FOLDER, help="The same photos styled, under the same names.")
@click.option("--style", type=FILE, help="A style file to paint the photos with, instead of --styled.")
@click.option("--target", type=FOLDER, help="Cartoon frames that were kept out of training.")
@click.option("--target-video", type=FILE, help="A cartoon to take frames from, instead of --target.")
@click.option("--target-range", type=(float, float), multiple=True, help="START END in seconds; may be repeated.")
@click.option("--target-every", type=click.FloatRange(0), default=1.0, show_default=True, help="Seconds a frame.")
@click.option("--crops", type=click.IntRange(2), default=600, show_default=True, help="Crops of each set.")
@click.option("--crop", type=click.IntRange(32), default=96, show_default=True, help="Side of a crop in pixels.")
@click.option("--size", type=click.IntRange(32), default=192, show_default=True, help="Short side of all pictures.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--device", default="auto", show_default=True)
@click.option("--precision", type=click.Choice(["auto", "fp32", "bf16", "fp16"]), default="auto", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def main(as_json: bool, **given: Any) -> None:
    options = Options(**given)
    if (options.styled and options.style) or bool(options.target) == bool(options.target_video):
        raise click.UsageError("Give one of --target and --target-video, and not both --styled and --style.")
    try:
        rows, counts = measure(options)
    except VidstyleError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps({"scores": rows, "counts": counts, "options": given}, indent=2, default=str))
    else:
        show(rows, counts)


@dataclass(frozen=True)
class Options:
    """What is measured and how, as given on the command line."""

    photos: Path
    styled: Path | None
    style: Path | None
    target: Path | None
    target_video: Path | None
    target_range: tuple[tuple[float, float], ...]
    target_every: float
    crops: int
    crop: int
    size: int
    seed: int
    device: str
    precision: str


def measure(options: Options) -> tuple[dict[str, dict[str, float]], dict[str, int]]:
    """Return the scores of every set of pictures, and how many pictures and crops they rest on."""
    device = resolve_device(options.device)
    dtype = resolve_precision(options.precision, device)
    photos, target = read_folder(options.photos, options.size), read_target(options)
    styled = None
    if options.styled:
        styled = matching(photos, read_folder(options.styled, options.size))
    elif options.style:
        styled = paint(photos, options.style, device, dtype)

    def draw(pictures: Sequence[Tensor], more: int) -> Tensor:
        return draw_crops(pictures, options.crops, options.crop, options.seed + more)

    rows = score(photos, styled, target, feature_extractor(device, dtype), draw, options.seed)
    return rows, {"photos": len(photos), "target pictures": len(target), "crops of each set": options.crops}


def read_target(options: Options) -> list[Tensor]:
    """Return the cartoon's pictures, scaled; raises InputError when there are fewer than two."""
    if options.target:
        pictures = list(read_folder(options.target, options.size).values())
    else:
        assert options.target_video, "the command line asks for one of the two"
        pictures = read_video(options.target_video, options.target_range, options.target_every, options.size)
    if len(pictures) < 2:
        raise InputError("The target has fewer than two pictures, too few for two halves. Name more of it.")
    return pictures


def show(rows: dict[str, dict[str, float]], counts: dict[str, int]) -> None:
    """Print the scores as a table and the counts below it."""
    columns = ("fd-vgg16", "kid-vgg16", "ssim", "edges")
    table = Table("pictures", *columns)
    for label, row in rows.items():
        table.add_row(label, *(f"{row[column]:.4g}" if column in row else "-" for column in columns))
    console = Console()
    console.print(table)
    console.print(", ".join(f"{name}: {count}" for name, count in counts.items()))


if __name__ == "__main__":
    main()
