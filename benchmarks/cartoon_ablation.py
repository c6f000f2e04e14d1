"""What each part of `--method cartoon` does: the same short run without it, measured on photos that were not trained on.

    python -m benchmarks.cartoon_ablation DATASET --photos TEST_PHOTOS --target HELD_OUT_FRAMES --sheet sheet.png

Every cell is trained with each seed. Its photos are painted as `vidstyle render` paints them. `fall` is the share by which
fd-vgg16 to the held-out frames is below that of the untouched photos. Rows are added to the table as they are done, and one
that stands there is not repeated. The sheet shows photos in rows, and beside them what each cell's first seed paints.
"""

import csv
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch

from benchmarks.ablation import add_row
from benchmarks.finish import MEASURES, measured
from benchmarks.style_score import feature_extractor, read_folder
from vidstyle.analysis.crops import draw_crops, join_halves, scaled
from vidstyle.analysis.frechet import frechet_distance
from vidstyle.cli.show import progress_bar
from vidstyle.device import resolve_precision
from vidstyle.media.images import list_images, read_image, write_image
from vidstyle.render.engine import Engine
from vidstyle.render.settings import RenderSettings
from vidstyle.report.contact_sheet import add_captions, evenly_spaced, grid
from vidstyle.run_folder import RunFolder
from vidstyle.train.settings import TrainSettings
from vidstyle.train.stage import run

CELLS: dict[str, dict[str, Any]] = {
    "cartoon": {},
    "without texture": {"lambda_texture": 0.0},
    "without surface": {"lambda_surface": 0.0},
    "without structure": {"lambda_structure": 0.0},
    "without plain": {"lambda_plain": 0.0},
    "without colour": {"lambda_colour": 0.0},
    "without palette": {"palette": 0.0},
    "random start": {"init": "none"},
}
COLUMNS = ("cell", "seed", "steps", *MEASURES, "fall")
CROPS, CROP, SHORT_SIDE = 600, 96, 192
"""As in `benchmarks.style_score`: crops of each set, their side and the pictures' short side, pixels."""
SHOWN = 4
"""Photos on the sheet."""


class Scorer:
    """Measures what styles make of photos, beside the photos and beside held-out frames of the cartoon."""

    def __init__(self, photos: Path, target: Path) -> None:
        self.photos = [read_image(path) for path in list_images(photos)]
        device = torch.device("cpu")
        self._extract = feature_extractor(device, resolve_precision("auto", device))
        frames = list(read_folder(target, SHORT_SIDE).values())
        halves = (self._extract(draw_crops(frames[start::2], CROPS, CROP, 1 + start)) for start in (0, 1))
        self._goal = join_halves(*halves)
        self._untouched = self._distance(self.photos)

    def _distance(self, pictures: list[np.ndarray]) -> float:
        crops = draw_crops([scaled(picture, SHORT_SIDE) for picture in pictures], CROPS, CROP, 0)
        return frechet_distance(self._extract(crops), self._goal)

    def paint(self, style: Path) -> list[np.ndarray]:
        """Return the photos as a render paints them, (h, w, 3) uint8 each."""
        engine, paintings = Engine(RenderSettings(style=str(style), device="cpu")), []
        for photo in self.photos:
            sizes = engine.sizes((photo.shape[1], photo.shape[0]))
            painter = engine.picture_painter(sizes)
            paintings.append(painter.paint(photo[None], sizes, sixteen_bit=False, reset=True)[0])
        return paintings

    def score(self, paintings: list[np.ndarray]) -> dict[str, float]:
        """Return the five measures, of plain areas the median and of others the mean, and the fall of fd-vgg16."""
        rows = np.array([measured(*pair) for pair in zip(self.photos, paintings, strict=True)])
        figures = [np.median(rows[:, 0]), *rows[:, 1:].mean(0), 1 - self._distance(paintings) / self._untouched]
        return dict(zip((*MEASURES, "fall"), map(float, figures), strict=True))


def open_cells(table: Path, seeds: tuple[int, ...], steps: int) -> Iterator[tuple[str, int]]:
    """Yield each (cell, seed) that the table has no row of yet, seed by seed."""
    done = set()
    if table.is_file():
        with table.open(newline="") as file:
            done = {(row["cell"], row["seed"], row["steps"]) for row in csv.DictReader(file)}
    for seed, cell in product(seeds, CELLS):
        if (cell, str(seed), str(steps)) not in done:
            yield cell, seed


def sheet(scorer: Scorer, styles: dict[str, Path]) -> np.ndarray:
    """Return some photos below each other, and beside them what each style makes of them, (h, w, 3) uint8."""
    columns = {"photo": scorer.photos} | {cell: scorer.paint(style) for cell, style in styles.items()}
    side = min(min(photo.shape[:2]) for photo in scorer.photos)
    chosen = evenly_spaced(len(scorer.photos), SHOWN)
    rows = [[pictures[number][:side, :side] for pictures in columns.values()] for number in chosen]
    return add_captions(grid(rows), list(columns))


@click.command(help=__doc__)
@click.argument("dataset", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--photos", type=click.Path(exists=True, path_type=Path), required=True, help="Photos to measure on.")
@click.option("--target", type=click.Path(exists=True, path_type=Path), required=True, help="Held-out cartoon frames.")
@click.option("--seed", "seeds", type=int, multiple=True, default=(0, 1, 2), show_default=True)
@click.option("--steps", default=400, show_default=True)
@click.option("--runs", type=click.Path(path_type=Path), default=Path("runs/ablation"), show_default=True)
@click.option(
    "--table", type=click.Path(path_type=Path), default=Path("benchmarks/cartoon_ablation.csv"), show_default=True
)
@click.option("--sheet", "sheet_path", type=click.Path(path_type=Path), help="Picture to write of the first seed.")
def main(
    dataset: Path,
    photos: Path,
    target: Path,
    seeds: tuple[int, ...],
    steps: int,
    runs: Path,
    table: Path,
    sheet_path: Path | None,
) -> None:
    scorer = Scorer(photos, target)

    def run_name(cell: str, seed: int) -> str:
        return f"cartoon-{cell.replace(' ', '-')}-{seed}-{steps}"

    for cell, seed in open_cells(table, seeds, steps):
        name = run_name(cell, seed)
        asked: dict[str, Any] = {"steps": steps, "sample_every": steps, "holdout": 0.0} | CELLS[cell]
        with progress_bar(False) as on_progress:
            run(dataset, runs, TrainSettings(method="cartoon", name=name, seed=seed, **asked), on_progress)
        row = {"cell": cell, "seed": seed, "steps": steps, **scorer.score(scorer.paint(RunFolder(runs / name).style))}
        add_row(table, row, COLUMNS)
        click.echo(str(row))
    if sheet_path:
        write_image(
            sheet_path, sheet(scorer, {cell: RunFolder(runs / run_name(cell, seeds[0])).style for cell in CELLS})
        )


if __name__ == "__main__":
    main()
