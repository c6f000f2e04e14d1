"""`vidstyle compare`."""

from pathlib import Path
from typing import Any

import click

from vidstyle.cli.options import settings_from, settings_options
from vidstyle.cli.show import console, print_result, print_texts, progress_bar
from vidstyle.evaluate.settings import CompareSettings
from vidstyle.progress import StageResult

FOLDER = click.Path(path_type=Path)


@click.command()
@click.argument("runs", type=FOLDER, nargs=-1, required=True, metavar="RUN...")
@click.option("--photos", type=FOLDER, required=True, help="Folder of photos that no run was trained on.")
@click.option(
    "--target", type=FOLDER, required=True, help="Folder of frames of the cartoon, best ones kept out of training."
)
@click.option(
    "-o", "--output", type=FOLDER, default=Path("table"), help="Folder for the table and grid. [default: table]"
)
@click.option("-q", "--quiet", is_flag=True, help="Show only errors and the table.")
@settings_options(CompareSettings)
def compare(
    runs: tuple[Path, ...], photos: Path, target: Path, output: Path, quiet: bool, recipe: Path | None, **flags: Any
) -> None:
    """Put finished runs side by side on the same photos.

    Runs on one dataset that differ only in their seed are one row, with the mean and spread of every figure. The output
    folder gets the table as Markdown, CSV and JSON, and a grid of photos by methods as PNG.
    """
    settings = settings_from(CompareSettings, "compare", recipe, flags)
    from vidstyle.evaluate.compare import run

    with progress_bar(quiet) as on_progress:
        result = run(runs, photos, target, output, settings, on_progress)
    print_summary(result, quiet)
    print_result(result.details["table"].rstrip("\n"))


def print_summary(result: StageResult, quiet: bool) -> None:
    """Print the warnings of a comparison and where it was written."""
    out = console(quiet)
    print_texts(out, "Warning", result.warnings)
    counts = result.counts
    out.print(
        f"Compared {counts['runs']} runs on {counts['photos']:,} photos; wrote {', '.join(map(str, result.outputs))}.",
        soft_wrap=True,
    )
