"""`vidstyle train`."""

from pathlib import Path
from typing import Any

import click

from vidstyle.cli.options import settings_from, settings_options
from vidstyle.cli.show import console, progress_bar, spelled
from vidstyle.progress import StageResult
from vidstyle.train.settings import TrainSettings


@click.command()
@click.argument("dataset", type=click.Path(path_type=Path), default=Path("dataset"))
@click.option(
    "--runs", type=click.Path(path_type=Path), default=Path("runs"), help="Folder of the run folders. [default: runs]"
)
@click.option("-q", "--quiet", is_flag=True, help="Show only errors.")
@settings_options(TrainSettings)
def train(dataset: Path, runs: Path, quiet: bool, recipe: Path | None, **flags: Any) -> None:
    """Fit a style to the photos (trainA) and cartoon frames (trainB) in DATASET.

    Everything is kept in runs/NAME. The same command resumes a run that was broken off.
    """
    settings = settings_from(TrainSettings, "train", recipe, flags)
    from vidstyle.train.distributed import is_first
    from vidstyle.train.stage import run

    quiet = quiet or not is_first()
    with progress_bar(quiet) as on_progress:
        result = run(dataset, runs, settings, on_progress)
    print_result(result, settings, quiet)


def print_result(result: StageResult, settings: TrainSettings, quiet: bool, *, dry_run: bool = False) -> None:
    """Print what was trained, where it is, and how to use it."""
    out, counts = console(quiet), result.counts
    done = "Would train" if settings.dry_run or dry_run else "Trained"
    images = f"{counts['photos']} photos and {counts['paintings']} paintings"
    out.print(f"{done} {counts['steps']:,} steps on {'one painting' if settings.leaves == 'look' else images}.")
    for path in result.outputs:
        for line in _what_to_do_with(path, settings):
            out.print(line, soft_wrap=True)


def _what_to_do_with(path: Path, settings: TrainSettings) -> list[str]:
    if settings.leaves == "pictures":
        return [f"The pictures are in {path}."]
    if settings.leaves == "look":
        use = f"vidstyle render INPUT -o OUT --diversify 4 --diversify-style {spelled(path)}"
        return [f"The look is in {path}. Vary pictures with: {use}"]
    return [
        f"The style is in {path}. Paint with: vidstyle render INPUT -o OUT --style {spelled(path)}",
        f"How it went: {path.with_name('report.html')}",
    ]
