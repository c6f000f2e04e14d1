"""`vidstyle run`: does the stages of a recipe one after the other, and nothing twice."""

import json
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import click

from vidstyle.cli.show import console, print_texts, progress_bar
from vidstyle.errors import SettingsError
from vidstyle.progress import OnProgress
from vidstyle.run_folder import RunFolder
from vidstyle.settings import LARGEST_SEED, is_plain, one_table, read_recipe, shown

STAGES = ("extract", "photos", "train", "distil", "evaluate", "compare", "render")
PATHS = ("episodes", "footage", "dataset", "runs", "teacher", "test_photos", "target", "table", "inputs", "output")
LISTS_OF_PATHS = ("episodes", "footage", "inputs")
"""What may name several paths. A text among these is one path."""

Table = dict[str, Any]


@click.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option("-q", "--quiet", is_flag=True, help="Show only errors.")
def run(recipe: Path, quiet: bool) -> int:
    """Do what RECIPE says: extract frames, train, measure and compare styles, render videos. What is done is not repeated.

    A recipe is TOML. [paths] names episodes, footage, dataset, runs, teacher, test_photos, target, table, inputs and output.
    [extract] takes frames of the episodes and [photos] of the footage, with the settings of extract. [train], [distil],
    [evaluate], [compare] and [render] hold the settings of their commands. There may be several [[train]] tables, in which
    method and seed may be lists. [distil] makes a student of the teacher, else of what [train] fits. [evaluate] and
    [compare] take all runs of [train], test_photos, and target or the dataset's frames.

    Paths in a recipe are relative to the folder that the command is given in.
    """
    tables = _tables(recipe)
    paths = _Paths(recipe, tables)
    if not set(tables) & set(STAGES):
        raise SettingsError(f"{recipe} names nothing to do. Add a table of: {', '.join(STAGES)}.")
    code = 0
    with progress_bar(quiet) as on_progress:
        for stage in STAGES:
            if stage in tables:
                console(quiet).print(f"{stage} ...")
                code = _RUN[stage](tables[stage], paths, on_progress) or code
    return code


def _tables(recipe: Path) -> Table:
    """Return the tables of a recipe for a run; raises SettingsError for what is none of them."""
    tables = read_recipe(recipe)
    if unknown := sorted(set(tables) - {*STAGES, "paths"}):
        raise SettingsError(f"{recipe} has unknown tables: {', '.join(unknown)}. Known: paths, {', '.join(STAGES)}.")
    several = {"train"} if _is_list_of_tables(tables.get("train")) else set()
    for stage in tables.keys() - several:
        one_table(recipe, stage, tables[stage])
    return tables


def _is_list_of_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(table, dict) for table in value)


class _Paths:
    """The files and folders of a recipe, and the settings of the runs that its [train] tables ask for."""

    def __init__(self, recipe: Path, tables: Table) -> None:
        table = tables.get("paths", {})
        if unknown := sorted(set(table) - set(PATHS)):
            raise SettingsError(f"{recipe} has unknown paths: {', '.join(unknown)}. Known: {', '.join(PATHS)}.")
        self.recipe = recipe
        self.table = {name: self._checked(name, value) for name, value in table.items()}
        self.dataset = Path(table.get("dataset", "dataset"))
        self.runs = Path(table.get("runs", "runs"))
        self.target = Path(table.get("target", self.dataset / "trainB"))
        self.comparison = Path(table.get("table", "table"))
        self.trainings = train_tables(tables.get("train", ()))

    def _checked(self, name: str, value: Any) -> Any:
        """Return the path or the list of paths called `name`; raises SettingsError where it is of another kind."""
        is_path = isinstance(value, str) and bool(value) and is_plain(value)
        if name not in LISTS_OF_PATHS:
            if not is_path:
                raise SettingsError(f"{name} in [paths] of {self.recipe} is {shown(value)}. It takes one path, a text.")
            return value
        paths = [value] if is_path else value
        good = isinstance(paths, list) and all(isinstance(path, str) and path and is_plain(path) for path in paths)
        if not good:
            raise SettingsError(f"{name} in [paths] of {self.recipe} is {shown(value)}. It takes a list of paths.")
        if not paths:
            raise SettingsError(f"{name} in [paths] of {self.recipe} is empty. Name a file or a folder there.")
        return paths

    def require(self, name: str) -> Any:
        """Return the path or paths called `name`; raises SettingsError when the recipe does not state them."""
        if name not in self.table:
            raise SettingsError(f"{self.recipe} does not say where to find its {name}: add `{name}` to [paths].")
        return self.table[name]


def train_tables(tables: Table | Sequence[Table]) -> list[Table]:
    """Return one table a training run. `method` and `seed` may be lists, and then name the runs, as in `cut++-seed1`.

    Raises SettingsError for a list that is empty, or a name that is no text.
    """
    tables = [tables] if isinstance(tables, dict) else tables
    return [run_table for table in tables for run_table in _run_tables(table)]


def _run_tables(table: Table) -> list[Table]:
    lists = {key: table[key] for key in ("method", "seed") if isinstance(table.get(key), list)}
    for key, values in lists.items():
        good = _is_seed if key == "seed" else _is_text
        if not values or not all(map(good, values)):
            raise SettingsError(f"{key} in [train] is {shown(values)}. Give a {key}, or a list of some.")
    for key in ("name", "method"):
        if key not in lists and not isinstance(table.get(key, ""), str):
            raise SettingsError(f"{key} in [train] is {shown(table[key])}. Give a text.")
    return [_run_table(table, dict(zip(lists, values, strict=True))) for values in product(*lists.values())]


def _is_seed(value: Any) -> bool:
    return type(value) is int and 0 <= value <= LARGEST_SEED


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _run_table(table: Table, chosen: Table) -> Table:
    """Return the table of the run with the `chosen` method and seed, and its name."""
    if not chosen:
        return table
    first = table.get("name") or ("" if "method" in chosen else table.get("method", "cut++"))
    parts = [first, chosen.get("method", ""), f"seed{chosen['seed']}" if "seed" in chosen else ""]
    return {**table, **chosen, "name": "-".join(str(part) for part in parts if part)}


def _extract(table: Table, paths: _Paths, on_progress: OnProgress) -> None:
    _extract_frames(table, paths.require("episodes"), paths.dataset / "trainB", on_progress)


def _photos(table: Table, paths: _Paths, on_progress: OnProgress) -> None:
    _extract_frames(table, paths.require("footage"), paths.dataset / "trainA", on_progress)


def _extract_frames(table: Table, videos: list[str], target: Path, on_progress: OnProgress) -> None:
    from vidstyle.extract.settings import ExtractSettings
    from vidstyle.extract.stage import run as extract

    extract([Path(video) for video in videos], target, ExtractSettings.resolve(table, {}), on_progress)


def _train(_: Any, paths: _Paths, on_progress: OnProgress) -> None:
    from vidstyle.train.settings import TrainSettings
    from vidstyle.train.stage import run as train

    for settings in (TrainSettings.resolve(table, {}) for table in paths.trainings):
        if settings.restart or not _is_trained(paths.runs / settings.name, settings.record()):
            train(paths.dataset, paths.runs, settings, on_progress)


def _distil(table: Table, paths: _Paths, on_progress: OnProgress) -> None:
    from vidstyle.distil.settings import DistilSettings
    from vidstyle.distil.stage import is_done
    from vidstyle.distil.stage import run as distil

    settings, teacher = DistilSettings.resolve(table, {}), _teacher(paths)
    if settings.restart or not is_done(teacher, paths.runs, settings):
        distil(teacher, paths.dataset, paths.runs, settings, on_progress)


def _teacher(paths: _Paths) -> str:
    """Return the style that [distil] makes a student of: the teacher in [paths], else the one run of [train]."""
    if "teacher" not in paths.table and len(paths.trainings) == 1:
        from vidstyle.train.settings import TrainSettings

        return TrainSettings.resolve(paths.trainings[0], {}).name
    return str(paths.require("teacher"))


def _is_trained(folder: Path, settings: dict[str, Any]) -> bool:
    """Whether the run in `folder` has ended with exactly these settings."""
    manifest = RunFolder(folder).manifest
    return manifest.is_file() and json.loads(manifest.read_text(encoding="utf-8"))["settings"] == settings


def _evaluate(table: Table, paths: _Paths, on_progress: OnProgress) -> None:
    from vidstyle.cli.evaluate import print_notes
    from vidstyle.evaluate.inputs import Inputs
    from vidstyle.evaluate.settings import EvaluateSettings
    from vidstyle.evaluate.stage import run as evaluate

    settings, photos = EvaluateSettings.resolve(table, {}), Path(paths.require("test_photos"))
    for folder in _run_folders(paths):
        result = evaluate(Inputs(folder, target=paths.target, photos=photos), settings, on_progress)
        print_notes(result, quiet=False)


def _compare(table: Table, paths: _Paths, on_progress: OnProgress) -> None:
    from vidstyle.cli.compare import print_summary
    from vidstyle.evaluate.compare import run as compare
    from vidstyle.evaluate.settings import CompareSettings

    settings, photos = CompareSettings.resolve(table, {}), Path(paths.require("test_photos"))
    result = compare(_run_folders(paths), photos, paths.target, paths.comparison, settings, on_progress)
    print_summary(result, quiet=False)


def _run_folders(paths: _Paths) -> list[Path]:
    if not paths.trainings:
        raise SettingsError(f"{paths.recipe} names no runs to measure: add a [train] table.")
    from vidstyle.train.settings import TrainSettings

    return [paths.runs / TrainSettings.resolve(table, {}).name for table in paths.trainings]


def _render(table: Table, paths: _Paths, on_progress: OnProgress) -> int:
    from vidstyle.cli.render import print_summary
    from vidstyle.render.jobs import passed_over, plan_jobs
    from vidstyle.render.settings import RenderSettings
    from vidstyle.render.stage import run as render

    settings = RenderSettings.resolve(table, {})
    output = paths.require("output")
    inputs = [Path(source) for source in paths.require("inputs")]
    jobs = plan_jobs(inputs, output, settings.diversify)
    print_texts(console(), "Warning", passed_over(inputs))
    waiting = list(dict.fromkeys(job.source for job in jobs if settings.overwrite or not job.target.exists()))
    if not waiting:
        return 0
    result = render(waiting, output, settings, on_progress)
    print_summary(result, settings, quiet=False)
    return int(result.details["exit_code"])


_RUN = {
    "extract": _extract,
    "photos": _photos,
    "train": _train,
    "distil": _distil,
    "evaluate": _evaluate,
    "compare": _compare,
    "render": _render,
}
