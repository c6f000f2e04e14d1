"""`vidstyle run`."""

from pathlib import Path
from typing import Any

import click

from vidstyle.cli.show import console, progress_bar
from vidstyle.errors import SettingsError
from vidstyle.progress import OnProgress
from vidstyle.settings import read_recipe

STAGES = ("extract", "train", "render")


@click.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option("-q", "--quiet", is_flag=True, help="Show only errors.")
def run(recipe: Path, quiet: bool) -> None:
    """Do what RECIPE says: extract frames, train a style, render videos. Stages that are done are not repeated.

    Paths in a recipe are relative to the folder that the command is given in.
    """
    tables = read_recipe(recipe)
    if unknown := sorted(set(tables) - {*STAGES, "paths"}):
        raise SettingsError(f"{recipe} has unknown tables: {', '.join(unknown)}. Known: paths, {', '.join(STAGES)}.")
    paths = _Paths(recipe, tables.get("paths", {}))
    with progress_bar(quiet) as on_progress:
        for stage in STAGES:
            if stage in tables:
                console(quiet).print(f"{stage} ...")
                _RUN[stage](tables[stage], paths, on_progress)


class _Paths:
    """The files and folders of a recipe: episodes, dataset, runs, inputs, output."""

    known = ("episodes", "dataset", "runs", "inputs", "output")

    def __init__(self, recipe: Path, table: dict[str, Any]) -> None:
        if unknown := sorted(set(table) - set(self.known)):
            raise SettingsError(f"{recipe} has unknown paths: {', '.join(unknown)}. Known: {', '.join(self.known)}.")
        self.recipe, self.table = recipe, table
        self.dataset = Path(table.get("dataset", "dataset"))
        self.runs = Path(table.get("runs", "runs"))

    def needed(self, name: str) -> Any:
        """Return the path or paths called `name`; raises SettingsError when the recipe does not state them."""
        if name not in self.table:
            raise SettingsError(f"{self.recipe} does not say where to find its {name}: add `{name}` to [paths].")
        return self.table[name]


def _extract(table: dict[str, Any], paths: _Paths, on_progress: OnProgress) -> None:
    from vidstyle.extract.settings import ExtractSettings
    from vidstyle.extract.stage import run as extract

    episodes = [Path(one) for one in paths.needed("episodes")]
    extract(episodes, paths.dataset / "trainB", ExtractSettings.resolve(table, {}), on_progress)


def _train(table: dict[str, Any], paths: _Paths, on_progress: OnProgress) -> None:
    from vidstyle.train.settings import TrainSettings
    from vidstyle.train.stage import run as train

    train(paths.dataset, paths.runs, TrainSettings.resolve(table, {}), on_progress)


def _render(table: dict[str, Any], paths: _Paths, on_progress: OnProgress) -> None:
    from vidstyle.cli.render import render_all
    from vidstyle.render.settings import RenderSettings

    inputs = tuple(Path(one) for one in paths.needed("inputs"))
    render_all(inputs, Path(paths.needed("output")), RenderSettings.resolve(table, {}), on_progress)


_RUN = {"extract": _extract, "train": _train, "render": _render}
