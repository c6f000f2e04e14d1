"""What each part of CUT++ does: the same small run with one setting changed, scored on photos that were not trained on.

    python -m benchmarks.ablation DATASET --photos TEST_PHOTOS --target-video EPISODE --target-range 64 80 --seed 0

Rows are added to benchmarks/ablation.csv as they are done; a cell that stands there is not repeated, a broken-off one goes on.
"""

import csv
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from torch import Tensor

from benchmarks.style_score import distances, feature_extractor, likeness, paint, read_folder, read_video
from vidstyle.analysis.crops import draw_crops
from vidstyle.cli.show import progress_bar
from vidstyle.run_folder import RunFolder
from vidstyle.train.settings import TrainSettings
from vidstyle.train.stage import run

PLAIN = {"method": "cut"}
ATTENTION = {"attention": "on"}


def weights(reading: str, base: float) -> dict[str, Any]:
    """Return the settings of one reading of paper eq. (9) with lambda `base` of eq. (7)."""
    return {"weighting": reading, "distance_base": base}


CELLS: dict[str, dict[str, Any]] = {
    "CUT": PLAIN,
    "CUT, cross entropy": PLAIN | {"gan_mode": "vanilla"},
    "CUT + attention": PLAIN | ATTENTION,
    "CUT + attention without residual": PLAIN | ATTENTION | {"residual": False},
    **{
        f"CUT + {reading} {base:g}": PLAIN | weights(reading, base)
        for reading in ("per-negative", "outside", "as-printed")
        for base in (0.8, 1.25)
    },
    "CUT++ 0.8": PLAIN | ATTENTION | weights("per-negative", 0.8),
    "CUT++ 1.25": PLAIN | ATTENTION | weights("per-negative", 1.25),
    "CUT++ outside 1.25": PLAIN | ATTENTION | weights("outside", 1.25),
    "CUT++ 1.25, cross entropy": PLAIN | ATTENTION | weights("per-negative", 1.25) | {"gan_mode": "vanilla"},
    "CUT, no running mean": PLAIN | {"ema": 0.0},
    "CUT, R1": PLAIN | {"lambda_r1": 1.0},
    "CUT, gradients clipped": PLAIN | {"gradient_clip": 1.0},
    "CUT, augmented": PLAIN | {"augment": "colour,translation,cutout"},
    "CUT, moved and cut out": PLAIN | {"augment": "translation,cutout"},
    "CUT, balanced shots": PLAIN | {"balance_shots": True},
    "CUT++ 0.8, R1": PLAIN | ATTENTION | weights("per-negative", 0.8) | {"lambda_r1": 1.0},
    "CUT++ 0.8, gradients clipped": PLAIN | ATTENTION | weights("per-negative", 0.8) | {"gradient_clip": 1.0},
}
SCALE = ("steps", "channels", "discriminator_channels", "crop", "load", "precision")
"""Settings that all cells of a table share."""
IDENTITY = ("cell", "frames", "seed", *SCALE)
"""What tells one row from another; `frames` is the name of the folder of cartoon frames."""
SCORES = ("fd-vgg16", "kid-vgg16", "ssim", "edges")
COLUMNS = (*IDENTITY, *SCORES, "NCE", "seconds")
CROPS, CROP_SHARE = 600, 0.5


@dataclass(frozen=True)
class StyleScorer:
    """Scores a style on photos at the training's short side: crops of them against crops of the held-out cartoon."""

    photos: dict[str, Tensor]
    goal: np.ndarray
    crop: int

    def score(self, style: Path) -> dict[str, float]:
        """Return distances to the cartoon and likeness to the photos of the photos painted in a style file."""
        device = torch.device("cpu")
        painted = list(paint(self.photos, style, device, torch.float32).values())
        features = feature_extractor(device, torch.bfloat16)(draw_crops(painted, CROPS, self.crop, 0))
        return distances(features, self.goal) | likeness(painted, list(self.photos.values()))


def make_scorer(photos: Path, video: Path, ranges: list[tuple[float, float]], short_side: int) -> StyleScorer:
    """Return what scores styles on test photos, against the ranges of a cartoon that were kept out of training."""
    crop = round(short_side * CROP_SHARE)
    target = draw_crops(read_video(video, ranges, 1.0, short_side), CROPS, crop, 1)
    goal = feature_extractor(torch.device("cpu"), torch.bfloat16)(target)
    return StyleScorer(read_folder(photos, short_side), goal, crop)


def done_cells(table: Path) -> set[tuple[str, ...]]:
    """Return what tells rows apart, as written, of those that stand in the table."""
    if not table.is_file():
        return set()
    with table.open(newline="") as file:
        return {tuple(row[name] for name in IDENTITY) for row in csv.DictReader(file)}


def add_row(table: Path, row: dict[str, Any], columns: Sequence[str] = COLUMNS) -> None:
    """Write one more row at the end of the table, floats to four digits, under a head where it is new."""
    new = not table.is_file()
    with table.open("a", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerow({name: f"{value:.4g}" if isinstance(value, float) else value for name, value in row.items()})


def open_cells(
    table: Path, cells: Sequence[str], frames: Sequence[Path], seeds: Sequence[int], scale: dict[str, Any]
) -> Iterator[tuple[str, Path, int]]:
    """Yield each (cell, frames, seed) that is not in the table yet, seed by seed."""
    for seed, cell, folder in product(seeds, cells, frames):
        if (cell, folder.name, str(seed), *(str(scale[name]) for name in SCALE)) not in done_cells(table):
            yield cell, folder, seed


def run_name(row: dict[str, Any]) -> str:
    """Return the run folder's name for a row, another for each that the table tells apart."""
    return "-".join(str(row[part]) for part in IDENTITY).replace(",", "").replace(" ", "-")


def fit(dataset: Path, runs: Path, settings: TrainSettings) -> tuple[RunFolder, float]:
    """Train one cell, or go on with it; return its folder and the seconds."""
    began = time.monotonic()
    with progress_bar(False) as on_progress:
        run(dataset, runs, settings, on_progress)
    return RunFolder(runs / settings.name), time.monotonic() - began


def last_contrast(folder: RunFolder) -> float:
    """Return the mean PatchNCE loss over the last tenth of the log."""
    with folder.log.open(newline="") as file:
        values = [float(row["NCE"]) for row in csv.DictReader(file)]
    return float(np.mean(values[-max(1, len(values) // 10) :]))


@click.command(help=__doc__)
@click.argument("dataset", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--photos", type=click.Path(exists=True, path_type=Path), required=True, help="Photos to score on.")
@click.option("--target-video", type=click.Path(exists=True, path_type=Path), required=True, help="The cartoon.")
@click.option("--target-range", type=(float, float), multiple=True, required=True, help="Held-out START END, seconds.")
@click.option(
    "--cell", "cells", type=click.Choice(tuple(CELLS)), multiple=True, help="Only these rows; may be repeated."
)
@click.option(
    "--frames",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    multiple=True,
    help="Folder of cartoon frames, may be repeated (default: trainB in the dataset).",
)
@click.option("--seed", "seeds", type=int, multiple=True, default=(0,), show_default=True)
@click.option("--steps", default=1500, show_default=True)
@click.option("--channels", default=16, show_default=True)
@click.option("--discriminator-channels", default=32, show_default=True)
@click.option("--crop", default=96, show_default=True)
@click.option("--load", default=128, show_default=True)
@click.option("--precision", default="bf16", show_default=True)
@click.option("--runs", type=click.Path(path_type=Path), default=Path("runs/ablation"), show_default=True)
@click.option("--table", type=click.Path(path_type=Path), default=Path("benchmarks/ablation.csv"), show_default=True)
def main(
    dataset: Path,
    photos: Path,
    target_video: Path,
    target_range: list[tuple[float, float]],
    cells: tuple[str, ...],
    frames: tuple[Path, ...],
    seeds: tuple[int, ...],
    runs: Path,
    table: Path,
    **scale: Any,
) -> None:
    scorer = make_scorer(photos, target_video, target_range, scale["load"])
    frames = frames or (dataset / "trainB",)
    for cell, folder, seed in open_cells(table, cells or tuple(CELLS), frames, seeds, scale):
        row = {"cell": cell, "frames": folder.name, "seed": seed, **scale}
        settings = TrainSettings(
            **CELLS[cell],
            **scale,
            paintings=(str(folder),),
            seed=seed,
            name=run_name(row),
            sample_every=scale["steps"],
            holdout=0.0,
        )
        run_folder, seconds = fit(dataset, runs, settings)
        row |= {"NCE": last_contrast(run_folder), "seconds": seconds, **scorer.score(run_folder.style)}
        add_row(table, row)
        click.echo(json.dumps(row))


if __name__ == "__main__":
    main()
