"""`vidstyle distil`."""

from pathlib import Path
from typing import Any

import click

from vidstyle.cli.options import settings_from, settings_options
from vidstyle.cli.show import progress_bar
from vidstyle.cli.train import print_result
from vidstyle.distil.settings import DistilSettings


@click.command()
@click.argument("style")
@click.argument("dataset", type=click.Path(path_type=Path), default=Path("dataset"))
@click.option(
    "--runs", type=click.Path(path_type=Path), default=Path("runs"), help="Folder of the run folders. [default: runs]"
)
@click.option("-q", "--quiet", is_flag=True, help="Show only errors.")
@settings_options(DistilSettings)
def distil(style: str, dataset: Path, runs: Path, quiet: bool, recipe: Path | None, **flags: Any) -> None:
    """Fit a small, fast student to what STYLE paints: one network for generator, finish and steadying.

    STYLE, the teacher, paints the photos (trainA) in DATASET and frames of --video once. Then the student learns the pairs.
    Everything is kept in runs/NAME. The same command resumes a run that was broken off.
    """
    settings = settings_from(DistilSettings, "distil", recipe, flags)
    from vidstyle.distil.stage import run

    with progress_bar(quiet) as on_progress:
        result = run(style, dataset, runs, settings, on_progress)
    student = settings.of_student(style, Path())
    print_result(result, student, quiet, dry_run=settings.dry_run)
