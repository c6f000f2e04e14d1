"""`vidstyle run`."""

from pathlib import Path
from typing import Any

import click

from vidstyle.cli.show import console, progress_bar
from vidstyle.errors import SettingsError
from vidstyle.progress import OnProgress
from vidstyle.settings import read_recipe

STAGES = ("extract", "photos", "train", "render")


@click.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option("-q", "--quiet", is_flag=True, help="Show only errors.")
def run(recipe: Path, quiet: bool) -> int:
    """Do what RECIPE says: extract frames, train a style, render videos. Stages that are done are not repeated.

    A recipe is TOML: [paths] names episodes, footage, dataset, runs, inputs and output; [extract] takes frames of the
    episodes, [photos] of the footage, with the settings of extract; [train] and [render] hold those of their commands.

    Paths in a recipe are relative to the folder that the command is given in.
    """
    tables = read_recipe(recipe)
    if unknown := sorted(set(tables) - {*STAGES, "paths"}):
        raise SettingsError(f"{recipe} has unknown tables: {', '.join(unknown)}. Known: paths, {', '.join(STAGES)}.")
    paths = _Paths(recipe, tables.get("paths", {}))
    code = 0
    with progress_bar(quiet) as on_progress:
        for stage in STAGES:
            if stage in tables:
                console(quiet).print(f"{stage} ...")
                code = _RUN[stage](tables[stage], paths, on_progress) or code
    return code


class _Paths:
    """The files and folders of a recipe."""

    known = ("episodes", "footage", "dataset", "runs", "inputs", "output")

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


def _frames(table: dict[str, Any], videos: list[str], target: Path, on_progress: OnProgress) -> None:
    from vidstyle.extract.settings import ExtractSettings
    from vidstyle.extract.stage import run as extract

    extract([Path(one) for one in videos], target, ExtractSettings.resolve(table, {}), on_progress)


def _extract(table: dict[str, Any], paths: _Paths, on_progress: OnProgress) -> None:
    _frames(table, paths.needed("episodes"), paths.dataset / "trainB", on_progress)


def _photos(table: dict[str, Any], paths: _Paths, on_progress: OnProgress) -> None:
    _frames(table, paths.needed("footage"), paths.dataset / "trainA", on_progress)


def _train(table: dict[str, Any], paths: _Paths, on_progress: OnProgress) -> None:
    from vidstyle.train.settings import TrainSettings
    from vidstyle.train.stage import run as train

    train(paths.dataset, paths.runs, TrainSettings.resolve(table, {}), on_progress)


def _render(table: dict[str, Any], paths: _Paths, on_progress: OnProgress) -> int:
    from vidstyle.cli.render import tell
    from vidstyle.render.jobs import plan_jobs
    from vidstyle.render.settings import RenderSettings
    from vidstyle.render.stage import run as render

    settings = RenderSettings.resolve(table, {})
    output = Path(paths.needed("output"))
    jobs = plan_jobs([Path(one) for one in paths.needed("inputs")], output)
    waiting = [job.source for job in jobs if settings.overwrite or not job.target.exists()]
    if not waiting:
        return 0
    result = render(waiting, output, settings, on_progress)
    tell(result, settings, quiet=False)
    return int(result.details["exit_code"])


_RUN = {"extract": _extract, "photos": _photos, "train": _train, "render": _render}
