"""Make the styles that come with the package again, and measure them.

    python -m benchmarks.styles DATA --work runs/styles

DATA holds `trainA` and `photos_more` (photos to learn from), `art/SET` and `episode` (cartoons) and `test` (photos to measure
on). Some stories and places of each set of art, and three stretches of the episode, are kept back to measure with. A run that
was broken off goes on; a style that stands in OUTPUT is measured and not made again. `hours` is the time of all its commands.
VGG16's weights are found as `vidstyle weights` says.
"""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from benchmarks.finish import measured
from vidstyle.files import write_json
from vidstyle.media.images import list_images, read_image

STRETCHES = (("0", "64"), ("80", "136"), ("152", "176"), ("192", "208"))
"""Seconds of the episode that are learnt from; the gaps between them are measured with."""
GAPS = ("--target-range", "64", "80", "--target-range", "136", "152", "--target-range", "176", "192")
EPISODE = "penny_chip_episode_388p.mp4"
SHORT_SIDE = 288
"""Short side in pixels of the frames of the episode."""
COLUMNS = ("style", "plain areas", "flat share", "chroma moved", "lightness moved", "edges", "fd-vgg16 below", "hours")
HELD_GROUP = 7
"""Every so many-th story or place of a set of art is kept back."""
AFRICAN_STORYBOOK = "Illustrations by {}, African Storybook (africanstorybook.org), CC BY"


@dataclass(frozen=True)
class Run:
    """One run of `vidstyle train --method cartoon`: the sets that it learns from, and the options that differ."""

    sets: tuple[str, ...]
    options: str


@dataclass(frozen=True)
class Recipe:
    """How a style is made, each run from the style of the one before, and what its file says of it."""

    runs: tuple[Run, ...]
    licence: str
    attribution: str
    description: str


FIT_FLATTENED = "--lambda-texture 0 --lambda-surface 0 --lambda-plain 0 --lambda-structure 6 --palette 0 --lr 1.5e-3"
TOWARDS_SERIES = (
    "--lambda-texture 1.3 --lambda-surface 0.3 --lambda-structure 1 --lambda-plain 13 --lambda-colour 15 --palette 0.75 "
    "--steps 2400 --steps-decay 1500"
)
TOWARDS_ART = (
    "--lambda-texture 0.6 --lambda-surface 0.3 --lambda-structure 1.4 --lambda-plain 14 --palette 1 "
    "--steps 2000 --steps-decay 1200"
)


def _picture_books(set_name: str, artists: str, description: str) -> Recipe:
    """Return the recipe of a set of the African Storybook."""
    run = Run((set_name,), TOWARDS_ART)
    return Recipe((run,), "CC-BY-4.0", AFRICAN_STORYBOOK.format(artists), description)


STYLES = {
    "flat": Recipe(
        (
            Run(("meadow",), f"{FIT_FLATTENED} --init none --steps 8000 --steps-decay 8000"),
            Run(("meadow",), f"{FIT_FLATTENED} --steps 12000 --steps-decay 12000"),
        ),
        "MIT",
        "Photographers of the photos named in docs/model_cards.md",
        "no cartoon: photos flattened into simple drawings, with ink lines and clearer colours",
    ),
    "default": Recipe(
        (Run(("episode",), TOWARDS_SERIES),),
        "MIT",
        "Penny & Chip, interludes of the ToastTV project (github.com/yvg/toasttv, MIT), generated with Google Veo",
        "the cartoon Penny & Chip: bright colours, calm surfaces, dark outlines",
    ),
    "picturebook": _picture_books(
        "picturebook",
        "Rob Owen and Magriet Brink",
        "picture books of the African Storybook: warm earth colours, soft shading, thin outlines",
    ),
    "popcartoon": _picture_books(
        "popcartoon",
        "Wiehan de Jager",
        "picture books of the African Storybook by Wiehan de Jager: very flat, strong shapes, vivid colours",
    ),
    "meadow": Recipe(
        (Run(("meadow",), TOWARDS_ART),),
        "CC0-1.0",
        "Scenery of a closed online game, released as CC0",
        "scenery of a closed online game, CC0: meadows, woods and deserts in soft flat colours",
    ),
}
"""The styles of the package. The first has no discriminators, so the frames it is given do not matter."""


class StyleMaker:
    """Makes styles in the folder `work` out of `data`, and writes them into `output`."""

    def __init__(self, data: Path, work: Path, output: Path) -> None:
        self.data, self.work, self.output = data.resolve(), work.resolve(), output.resolve()
        self.photos = self.work / "photos"
        for folder in ("trainA", "photos_more"):
            link(list_images(self.data / folder), self.photos)

    def make(self, name: str, recipe: Recipe) -> None:
        """Train a style and write its file, unless it is there; the hours of resumed runs add up."""
        target = self.output / f"{name}.safetensors"
        if target.exists():
            return
        began = time.monotonic()
        try:
            start: list[str] = []
            for number, run in enumerate(recipe.runs):
                own = [
                    "--name",
                    f"{name}-{number}",
                    "--photos",
                    str(self.photos),
                    "--holdout",
                    "0",
                    *run.options.split(),
                    *start,
                ]
                frames = [part for set_name in run.sets for part in ("--paintings", str(self.frames(set_name)))]
                self.vidstyle("train", "--method", "cartoon", *own, *frames)
                style = self.work / "runs" / f"{name}-{number}" / "style.safetensors"
                start = ["--init", str(style)]
            texts = (
                ("licence", recipe.licence),
                ("attribution", recipe.attribution),
                ("description", recipe.description),
            )
            stated = [f"--{key}={text}" for key, text in texts if text]
            self.vidstyle("import", str(style), "--output", str(target), "--half", *stated)
        finally:
            record = self._record(name)
            write_json(record, {"hours": self.hours(name) + (time.monotonic() - began) / 3600})

    def hours(self, name: str) -> float:
        """Return the hours that a style took so far, 0 where it was made elsewhere."""
        record = self._record(name)
        return float(json.loads(record.read_text())["hours"]) if record.exists() else 0.0

    def _record(self, name: str) -> Path:
        return self.work / f"{name}-hours.json"

    def frames(self, name_of_set: str) -> Path:
        """Return the folder of a set's pictures to learn from, made on first use."""
        folder = self.work / "art" / name_of_set
        if folder.exists():
            return folder
        if name_of_set == "episode":
            options = "--every", "0.5", "--size", str(SHORT_SIDE), "--max-similarity", "0.8"
            for start, end in STRETCHES:
                span = "--start", start, "--end", end
                self.vidstyle("extract", str(self.data / "episode" / EPISODE), "-o", str(folder), *options, *span)
        else:
            learnt, kept_back = split(list_images(self.data / "art" / name_of_set))
            link(kept_back, self.work / "held-out" / name_of_set)
            link(learnt, folder)
        return folder

    def measure(self, name: str, recipe: Recipe) -> list[str]:
        """Return a row of the table: the test photos painted by `vidstyle render` and measured."""
        painted = self.work / "painted" / name
        self.vidstyle("render", str(self.data / "test"), "-o", str(painted), "--style", name, "--overwrite")
        rows = []
        for path in list_images(self.data / "test"):
            rows.append(measured(read_image(path), read_image(next(painted.glob(f"{path.stem}.*")))))
        values = np.array(rows)
        figures = [np.median(values[:, 0]), *values[:, 1:].mean(0)]
        falls = ", ".join(f"{set_name} {self.fall(painted, set_name):.0%}" for set_name in recipe.runs[-1].sets)
        return [name, *(f"{figure:.2f}" for figure in figures), falls, f"{self.hours(name):.2f}"]

    def fall(self, painted: Path, name_of_set: str) -> float:
        """Return by which share fd-vgg16 to what was kept back of a set is lower than that of the untouched photos."""
        target = ("--target-video", str(self.data / "episode" / EPISODE), *GAPS)
        if name_of_set != "episode":
            target = ("--target", str(self.work / "held-out" / name_of_set))
        command = ["benchmarks.style_score", "--photos", str(self.data / "test"), "--styled", str(painted), "--json"]
        scores = json.loads(self.python(*command, *target))["scores"]
        return 1 - scores["styled"]["fd-vgg16"] / scores["untouched"]["fd-vgg16"]

    def vidstyle(self, *arguments: str) -> None:
        """Run a command of vidstyle in the work folder; its progress is shown."""
        subprocess.run([sys.executable, "-m", "vidstyle", *arguments], cwd=self.work, check=True)

    def python(self, *arguments: str) -> str:
        """Run a module of this repository and return what it prints."""
        command = [sys.executable, "-m", *arguments]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def split(paths: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Return the pictures to learn from and those kept back: whole stories or places, which the name begins with."""
    groups = sorted({path.name.split("_")[0] for path in paths})
    kept_back = set(groups[HELD_GROUP // 2 :: HELD_GROUP])
    learnt = [path for path in paths if path.name.split("_")[0] not in kept_back]
    return learnt, [path for path in paths if path not in learnt]


def link(paths: Sequence[Path], folder: Path) -> None:
    """Make a folder of links to pictures; those that are there stay."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in paths:
        if not (folder / path.name).is_symlink():
            (folder / path.name).symlink_to(path)


@click.command(help=__doc__)
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--work", type=click.Path(path_type=Path), default=Path("runs/styles"), show_default=True)
@click.option("--output", type=click.Path(path_type=Path), default=Path("vidstyle/styles"), show_default=True)
@click.option("--only", multiple=True, type=click.Choice(list(STYLES)), help="Style to make [default: all].")
def main(data: Path, work: Path, output: Path, only: tuple[str, ...]) -> None:
    maker = StyleMaker(data, work, output)
    chosen = {name: recipe for name, recipe in STYLES.items() if not only or name in only}
    for name, recipe in chosen.items():
        maker.make(name, recipe)
    click.echo(f"| {' | '.join(COLUMNS)} |\n|{' --- |' * len(COLUMNS)}")
    for name, recipe in chosen.items():
        click.echo(f"| {' | '.join(maker.measure(name, recipe))} |")


if __name__ == "__main__":
    main()
