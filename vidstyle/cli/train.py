"""`vidstyle train`."""

from pathlib import Path
from typing import Any

import click

from vidstyle.cli.options import settings_from, settings_options
from vidstyle.cli.show import console, progress_bar
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

    Everything is kept in runs/NAME; the same command takes a broken-off run up again.
    """
    settings = settings_from(TrainSettings, "train", recipe, flags)
    from vidstyle.train.distributed import is_first
    from vidstyle.train.stage import run

    quiet = quiet or not is_first()
    with progress_bar(quiet) as on_progress:
        result = run(dataset, runs, settings, on_progress)
    counts = result.counts
    done = "Would train" if settings.dry_run else "Trained"
    out = console(quiet)
    images = f"{counts['photos']} photos and {counts['paintings']} paintings"
    out.print(f"{done} {counts['steps']:,} steps on {'one painting' if settings.leaves == 'look' else images}.")
    for path in result.outputs:
        if settings.leaves == "pictures":
            out.print(f"The pictures are in {path}.", soft_wrap=True)
        elif settings.leaves == "look":
            out.print(
                f"The look is in {path}. Vary pictures with: vidstyle render INPUT -o OUT --diversify 4 "
                f"--diversify-style {path}",
                soft_wrap=True,
            )
        else:
            out.print(
                f"The style is in {path}. Paint with: vidstyle render INPUT -o OUT --style {path}", soft_wrap=True
            )
            out.print(f"How it went: {path.with_name('report.html')}", soft_wrap=True)
