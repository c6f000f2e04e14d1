"""What each `--finish` makes of photos: how plain, how true to the photo, and how long a picture takes.

    python -m benchmarks.finish PHOTOS --count 12 --sheet sheet.png

The photos are spread over the folder. Each is painted as `vidstyle render` paints a picture file. The measures are those of
`vidstyle.analysis.picture_measures`, means over the photos; `ms` is the median time of a picture, all steps of the painter;
the finishes take turns.
On the sheet each row is a photo, and beside it what the finishes make of it.
"""

from pathlib import Path
from statistics import median
from time import perf_counter

import click
import cv2
import numpy as np
import torch

from vidstyle.analysis import picture_measures
from vidstyle.errors import VidstyleError
from vidstyle.media.images import list_images, read_image, write_image
from vidstyle.render.engine import Engine
from vidstyle.render.settings import RenderSettings
from vidstyle.report.contact_sheet import add_captions, evenly_spaced, grid

MEASURES = ("plain areas", "flat share", "chroma moved", "lightness moved", "edges")
SHEET_SIZE = (360, 270)
KINDS = ("none", "upscaler", "both", "guided", "guided:0.25", "guided:1")


def settings_for(kind: str, style: str) -> RenderSettings:
    """Return the settings for FINISH or FINISH:CALM."""
    finish, _, calm = kind.partition(":")
    return RenderSettings(style=style, finish=finish, **({"calm": float(calm)} if calm else {}))


def measured(photo: np.ndarray, painted: np.ndarray) -> list[float]:
    """Return the five MEASURES of two (h, w, 3) uint8 pictures."""
    return list(picture_measures.measure(photo, painted).values())


class Finish:
    """A finish with its painters, what it made of the photos so far, and the seconds that each took."""

    def __init__(self, kind: str, style: str) -> None:
        self.kind = kind
        self._engine = Engine(settings_for(kind, style))
        self.paintings: list[np.ndarray] = []
        self.measures: list[list[float]] = []
        self._seconds: list[float] = []

    def update(self, photo: np.ndarray) -> None:
        """Paint and measure a photo, (h, w, 3) uint8; once more before, untimed."""
        sizes = self._engine.sizes((photo.shape[1], photo.shape[0]))
        painter = self._engine.picture_painter(sizes)
        painter.paint(photo[None], sizes, sixteen_bit=False, reset=True)
        began = perf_counter()
        painted = painter.paint(photo[None], sizes, sixteen_bit=False, reset=True)[0]
        self._seconds.append(perf_counter() - began)
        self.paintings.append(painted)
        self.measures.append(measured(photo, painted))

    def row(self) -> str:
        """Return the row of the table."""
        values = " | ".join(f"{value:.2f}" for value in np.mean(self.measures, axis=0))
        return f"| {self.kind} | {values} | {1000 * median(self._seconds):.0f} |"


def enlarged(photo: np.ndarray, short_side: int | None) -> np.ndarray:
    """Return a photo with that short side, as it is without one."""
    if short_side is None:
        return photo
    scale = short_side / min(photo.shape[:2])
    return cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)


def cell(picture: np.ndarray) -> np.ndarray:
    """Return a picture at the size of the sheet, its middle where it has another shape."""
    width, height = SHEET_SIZE
    scale = max(width / picture.shape[1], height / picture.shape[0])
    shown = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    top, left = (shown.shape[0] - height) // 2, (shown.shape[1] - width) // 2
    return shown[top : top + height, left : left + width]


@click.command(help=__doc__)
@click.argument("folder", metavar="PHOTOS", type=click.Path(exists=True, path_type=Path))
@click.option("--count", type=int, default=12, show_default=True, help="How many photos.")
@click.option("--finish", "kinds", multiple=True, default=KINDS, help="FINISH or FINISH:CALM [default: all].")
@click.option("--style", default="default", show_default=True)
@click.option("--short-side", type=int, help="Short side that the photos are brought to first.")
@click.option("--sheet", type=click.Path(path_type=Path), help="Picture file for the sheet.")
def main(
    folder: Path, count: int, kinds: tuple[str, ...], style: str, short_side: int | None, sheet: Path | None
) -> None:
    paths = list_images(folder)
    photos = [enlarged(read_image(paths[place]), short_side) for place in evenly_spaced(len(paths), count)]
    click.echo(f"{len(photos)} photos, {torch.get_num_threads()} threads, torch {torch.__version__}\n")
    try:
        finishes = [Finish(kind, style) for kind in kinds]
    except VidstyleError as error:
        raise click.ClickException(str(error)) from error
    for photo in photos:
        for finish in finishes:
            finish.update(photo)
    click.echo(f"| finish | {' | '.join(MEASURES)} | ms |\n| --- |{' --- |' * len(MEASURES)} --- |")
    for finish in finishes:
        click.echo(finish.row())
    if sheet:
        rows = [
            [cell(picture) for picture in row]
            for row in zip(photos, *(finish.paintings for finish in finishes), strict=True)
        ]
        write_image(sheet, add_captions(grid(rows), ["photo", *kinds]))


if __name__ == "__main__":
    main()
