"""`vidstyle evaluate`."""

import csv as csv_format
import io
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from vidstyle.cli.options import settings_from, settings_options
from vidstyle.cli.show import console, print_result, print_texts, progress_bar
from vidstyle.errors import SettingsError
from vidstyle.evaluate.measurement import Measurement, explain_missing, format_value
from vidstyle.evaluate.settings import EvaluateSettings
from vidstyle.files import as_json
from vidstyle.progress import StageResult

FOLDER = click.Path(path_type=Path)


@click.command()
@click.argument("subject", type=FOLDER, required=False, metavar="[RUN|VIDEO]")
@click.option(
    "--generated", type=FOLDER, multiple=True, help="Folder of results; several for several results of each source."
)
@click.option("--target", type=FOLDER, help="Folder of frames of the cartoon, best ones kept out of training.")
@click.option(
    "--source", type=FOLDER, help="Folder of the sources, under the names of their results; or the source video."
)
@click.option("--photos", type=FOLDER, help="Folder of photos that a run is to paint.")
@click.option("--json", is_flag=True, help="Print everything as JSON.")
@click.option("--csv", is_flag=True, help="Print the figures as CSV.")
@click.option("-q", "--quiet", is_flag=True, help="Show only errors and the figures.")
@settings_options(EvaluateSettings)
def evaluate(json: bool, csv: bool, quiet: bool, recipe: Path | None, **given: Any) -> int:
    """Measure pictures, a run, or a rendered video: Frechet and kernel distances from the target's frames, likeness to
    the source, and for video how steady it is.

    Every figure is printed with what it was measured on and with. fid, fid-clean and kid rest on the Inception
    weights of 2015-12-05. fd-vgg16 and kid-vgg16 are the same distances on VGG16's features of crops, and no FID.
    plain-areas, flat-share, chroma-shift, lightness-shift and edges say how calm a painting is and what it keeps of its
    photo; they take the source.
    """
    named = {name: given.pop(name) for name in ("subject", "generated", "target", "source", "photos")}
    if json and csv:
        raise SettingsError("The figures come as JSON or as CSV. Give --json or --csv, not both.")
    settings = settings_from(EvaluateSettings, "evaluate", recipe, given)
    from vidstyle.evaluate.inputs import Inputs
    from vidstyle.evaluate.stage import run

    with progress_bar(quiet) as on_progress:
        result = run(Inputs(**named), settings, on_progress)
    print_notes(result, quiet)
    if json:
        print_result(as_json(result.record()))
    elif csv:
        print_result(_as_csv(result).rstrip("\n"))
    else:
        _show(result)
    return int(result.details["exit_code"])


def print_notes(result: StageResult, quiet: bool) -> None:
    """Print the warnings of an evaluation, and which figures could not be computed and why."""
    out = console(quiet)
    print_texts(out, "Warning", result.warnings)
    print_texts(out, "Note", explain_missing(result.details["missing"]))


def _show(result: StageResult) -> None:
    """Print one line a figure: its value, that of the untouched source, and all it rests on."""
    figures = [Measurement.of(record) for record in result.details["figures"]]
    rows = [("metric", "value", "source", "measured on")]
    rows += [
        (figure.name, format_value(figure.value), format_value(figure.source_value), figure.basis) for figure in figures
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]) for row in rows
    ]
    print_result("\n".join(lines))


def _as_csv(result: StageResult) -> str:
    out = io.StringIO()
    names = [field.name for field in fields(Measurement)]
    writer = csv_format.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    for record in result.details["figures"]:
        counts = "; ".join(f"{name} {count}" for name, count in record["counts"].items())
        writer.writerow({**record, "counts": counts})
    return out.getvalue()
