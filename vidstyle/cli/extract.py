"""`vidstyle extract`."""

from pathlib import Path
from typing import Any

import click

from vidstyle.cli.options import settings_from, settings_options
from vidstyle.cli.show import console, print_texts, progress_bar
from vidstyle.extract.settings import ExtractSettings
from vidstyle.progress import StageResult


@click.command()
@click.argument("sources", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="SOURCE...")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("dataset/trainB"),
    help="Folder for the frames. [default: dataset/trainB]",
)
@click.option("-q", "--quiet", is_flag=True, help="Show only errors.")
@settings_options(ExtractSettings)
def extract(sources: tuple[Path, ...], output: Path, quiet: bool, recipe: Path | None, **flags: Any) -> None:
    """Take the best frames of cartoon episodes: video files, folders of them, or quoted patterns.

    Of each window of time the sharpest frame is taken; black, blended and near-duplicate frames are left out. Run it again
    with more episodes to add to the folder; manifest.json there says why each frame was kept or dropped.
    """
    settings = settings_from(ExtractSettings, "extract", recipe, flags)
    from vidstyle.extract.stage import run

    with progress_bar(quiet) as on_progress:
        result = run(sources, output, settings, on_progress)
    out = console(quiet)
    print_texts(out, "Warning", result.warnings)
    out.print(_plan(result) if settings.dry_run else _summary(result, output), soft_wrap=True)
    if not settings.dry_run and result.counts["candidates"] and not result.counts["kept"]:
        print_texts(out, "Note", [_nothing_kept(result, settings)])


def _plan(result: StageResult) -> str:
    counts = result.counts
    return (
        f"Would read {counts['frames']:,} frames of {_sources(counts['sources'])} in {counts['windows']:,} windows;"
        f" {counts['skipped']} sources are done already."
    )


def _summary(result: StageResult, output: Path) -> str:
    counts = dict(result.counts)
    sources, skipped, frames = (counts.pop(name) for name in ("sources", "skipped", "frames"))
    candidates, kept, deblurred = (counts.pop(name) for name in ("candidates", "kept", "deblurred"))
    if not sources:
        return f"Nothing new: {output} holds the frames of {_sources(skipped)} already."
    dropped = ", ".join(f"{count:,} {reason}" for reason, count in counts.items())
    return (
        f"Kept {kept:,} of {candidates:,} candidates from {frames:,} frames of {_sources(sources)} in {output}"
        f" ({deblurred:,} deblurred{'; dropped: ' + dropped if dropped else ''}) in {result.seconds:.1f} s."
        f" {output / 'report.html'} shows them."
    )


def _nothing_kept(result: StageResult, settings: ExtractSettings) -> str:
    if result.counts.get("soft"):
        return (
            f"Nothing was kept: what is drawn there is softer than --min-sharpness {settings.min_sharpness:g}."
            " Give a lower one to learn from it all the same."
        )
    return "Nothing was kept: all frames are blank, blended, lettering or like those that are there already."


def _sources(count: int) -> str:
    return f"{count} source{'' if count == 1 else 's'}"
