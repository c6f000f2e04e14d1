"""Make the styles that come with the package again, and measure them.

    python -m benchmarks.styles DATA --work runs/styles

DATA holds `trainA` and `photos_more` (photos to learn from), `art/SET` and `episode` (cartoons) and `test` (photos to measure
on). Some stories and places of each set of art, and three stretches of the episode, are kept back to measure with. A run that
was broken off goes on; a style that stands in OUTPUT is measured and not made again. `hours` is the time of all its commands.
With the extra `openvino` each gets its twin in 8-bit integers.
VGG16's weights are found as `vidstyle weights` says.
"""

import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import click
import numpy as np

from benchmarks.finish import measured
from vidstyle.files import write_json
from vidstyle.media.images import list_images, read_image
from vidstyle.models.int8_twin import twin_path
from vidstyle.models.style_file import find_style, load_style, save_style
from vidstyle.models.style_mixture import StyleMixture
from vidstyle.train.start import FLAT_STYLE

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
    """One run of `vidstyle train --method cartoon` from `flat`: the sets that it learns from, and the options that differ.

    The style goes `share` times the way from `flat` to what it fits, and that of every other run of its recipe.
    """

    sets: tuple[str, ...]
    options: str
    share: float = 1


@dataclass(frozen=True)
class Recipe:
    """How a style is made, and what its file says of it."""

    runs: tuple[Run, ...]
    licence: str
    attribution: str
    description: str

    @property
    def shares(self) -> tuple[float, ...]:
        """The share of each run."""
        return tuple(run.share for run in self.runs)


FIT_FLATTENED = "--lambda-texture 0 --lambda-surface 0 --lambda-plain 0 --lambda-structure 6 --palette 0 --lr 1.5e-3"
TOWARDS_SERIES = (
    "--lambda-texture 1.3 --lambda-surface 0.3 --lambda-structure 1 --lambda-colour 15 --palette 0.75 "
    "--steps 2400 --steps-decay 1500"
)
AVERAGED = ("--lambda-plain 13", "--lambda-plain 15", "--lambda-plain 15 --seed 1")
"""The mean of their weights is calmer than each, and as near to the cartoon (model soups, Wortsman et al., 2022)."""
TOWARDS_SOFT_ART = (
    "--lambda-texture 0.2 --lambda-surface 0.3 --lambda-structure 1 --lambda-plain 14 --lambda-colour 60 --palette 1 "
    "--steps 900 --steps-decay 600"
)
"""Art whose shading is soft as a photo's is left again where discriminators of texture weigh more, or longer."""
TOWARDS_ART = (
    "--lambda-texture 0.6 --lambda-surface 0.3 --lambda-structure 1.4 --lambda-plain 14 --palette 1 "
    "--steps 2000 --steps-decay 1200"
)


def _picture_books(run: Run, artists: str, description: str) -> Recipe:
    """Return the recipe of a set of the African Storybook."""
    return Recipe((run,), "CC-BY-4.0", AFRICAN_STORYBOOK.format(artists), description)


STYLES = {
    "flat": Recipe(
        (Run(("meadow",), f"{FIT_FLATTENED} --init none --steps 16000 --steps-decay 16000"),),
        "MIT",
        "Photographers of the photos named in docs/model_cards.md",
        "no cartoon: photos flattened into simple drawings, with ink lines and clearer colours",
    ),
    "default": Recipe(
        tuple(Run(("episode",), f"{TOWARDS_SERIES} {options}", 0.34) for options in AVERAGED),
        "MIT",
        "Penny & Chip, interludes of the ToastTV project (github.com/yvg/toasttv, MIT), generated with Google Veo",
        "the cartoon Penny & Chip: bright colours, calm surfaces, dark outlines",
    ),
    "picturebook": _picture_books(
        Run(("picturebook",), TOWARDS_SOFT_ART, 1.25),
        "Rob Owen and Magriet Brink",
        "picture books of the African Storybook: warm earth colours, soft shading, thin outlines",
    ),
    "popcartoon": _picture_books(
        Run(("popcartoon",), TOWARDS_ART),
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
        target = self.file(name)
        if target.exists():
            return
        began = time.monotonic()
        try:
            files = [self.fit(f"{name}-{number}", run) for number, run in enumerate(recipe.runs)]
            style = self.mixed(dict(zip(files, recipe.shares, strict=True)))
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

    def make_twin(self, name: str) -> None:
        """Write the style's twin in 8-bit integers, for which photos give the ranges, where OpenVINO and NNCF are there."""
        if find_spec("openvino") and find_spec("nncf"):
            target = twin_path(self.file(name))
            options = "--to", "int8", "--photos", str(self.photos), "-o", str(target), "--overwrite"
            self.vidstyle("export", str(self.file(name)), *options)

    def fit(self, name: str, run: Run) -> Path:
        """Return the file of the style that a run fits; one that was broken off goes on."""
        start = ["--init", str(self.flat())]
        frames = [part for set_name in run.sets for part in ("--paintings", str(self.frames(set_name)))]
        photos = ["--photos", str(self.photos), "--holdout", "0"]
        self.vidstyle("train", "--method", "cartoon", "--name", name, *photos, *frames, *start, *run.options.split())
        return self.work / "runs" / name / "style.safetensors"

    def mixed(self, shares: Mapping[Path, float]) -> Path:
        """Return the file of the style that goes so far from `flat` to each of some styles."""
        first, *others = shares
        if not others and shares[first] == 1:
            return first
        mixture = StyleMixture((*shares.items(), (self.flat(), 1 - sum(shares.values()))))
        style, target = load_style(first), first.with_name("mixed.safetensors")
        history = {**style.history, "shares": [*shares.values()]}
        save_style(replace(style, weights=mixture.load().weights, history=history), target)
        return target

    def file(self, name: str) -> Path:
        """Return where the file of a style stands once it is made."""
        return self.output / f"{name}.safetensors"

    def flat(self) -> Path:
        """Return the file of the style that runs start from: the one that was made, else that of the package."""
        made = self.file(FLAT_STYLE)
        return made if made.exists() else find_style(FLAT_STYLE)

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
        options = "-o", str(painted), "--style", str(self.file(name)), "--overwrite"
        self.vidstyle("render", str(self.data / "test"), *options)
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
        maker.make_twin(name)
    click.echo(f"| {' | '.join(COLUMNS)} |\n|{' --- |' * len(COLUMNS)}")
    for name, recipe in chosen.items():
        click.echo(f"| {' | '.join(maker.measure(name, recipe))} |")


if __name__ == "__main__":
    main()
