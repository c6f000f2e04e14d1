"""The compare stage: finished runs on the same photos, as a table of scores and costs and a grid of pictures."""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vidstyle.errors import InputError, SettingsError
from vidstyle.evaluate.image_sets import by_name, open_folders
from vidstyle.evaluate.measurement import Measurement, explain_missing
from vidstyle.evaluate.metrics import METRICS
from vidstyle.evaluate.runs import FinishedRun, open_run
from vidstyle.evaluate.settings import CompareSettings
from vidstyle.evaluate.stage import RunReport, evaluate_run
from vidstyle.evaluate.table import Row, as_csv, as_markdown, as_records, check_seeds, group_into_rows, untouched_row
from vidstyle.files import encodable, whole_file, write_json
from vidstyle.media.images import read_image, write_image
from vidstyle.progress import OnProgress, StageResult, silent
from vidstyle.report.contact_sheet import add_captions, evenly_spaced, grid


def run(
    runs: Sequence[Path],
    photos: Path,
    target: Path,
    output: Path,
    settings: CompareSettings,
    on_progress: OnProgress = silent,
) -> StageResult:
    """Measure every run on `photos` against `target` and write table.md, table.csv, table.json and grid.png to `output`.

    A run that is named twice counts once. Raises InputError for folders that are no finished runs, and what `evaluate_run`
    raises. Raises SettingsError where the runs paint at different sizes or two differ in nothing.
    """
    started = time.monotonic()
    opened = [open_run(path) for path in {path.resolve(): path for path in runs}.values()]
    check_seeds(opened)
    _check_sizes(opened, settings)
    sources, frames = open_folders(photos), open_folders(target)
    reports = [evaluate_run(finished, sources, frames, settings, on_progress) for finished in opened]
    rows = _rows(reports)
    missing = {name: reason for report in reports for name, reason in report.metrics.missing.items()}
    measured = [text for report in reports for text in report.metrics.warnings]
    warnings = tuple(dict.fromkeys([*sources.warnings, *frames.warnings, *measured]))
    notes = [*_cost_notes(rows), *explain_missing(missing), *warnings]
    table = as_markdown(rows, _first_of_each_metric(reports), notes)
    for name, text in (("table.md", table), ("table.csv", as_csv(rows))):
        with whole_file(output / name) as partial:
            partial.write_text(encodable(text), encoding="utf-8")
    write_json(output / "table.json", {"rows": as_records(rows), "settings": settings.record(), "warnings": warnings})
    write_image(output / "grid.png", picture_grid(rows, settings.rows))
    return StageResult(
        stage="compare",
        inputs=(*runs, photos, target),
        outputs=tuple(output / name for name in ("table.md", "table.csv", "table.json", "grid.png")),
        counts={"runs": len(reports), "rows": len(rows), "photos": len(sources), "target": len(frames)},
        seconds=time.monotonic() - started,
        settings=settings.record(),
        warnings=warnings,
        details={"missing": missing, "table": table},
    )


def _check_sizes(runs: Sequence[FinishedRun], settings: CompareSettings) -> None:
    sizes: dict[int, Path] = {}
    for run in runs:
        sizes.setdefault(run.short_side(settings.size), run.path)
    if len(sizes) > 1:
        listing = ", ".join(f"{path} at {size}" for size, path in sizes.items())
        raise SettingsError(
            f"The runs paint at different short sides ({listing}): their figures do not compare. {_size_advice(runs)}"
        )


def _size_advice(runs: Sequence[FinishedRun]) -> str:
    """Return how to bring runs to one size; pictures that a run left instead of a style have the size that they have."""
    fixed = {run.short_side(None) for run in runs if run.results}
    if len(fixed) > 1:
        return "Those that left pictures instead of a style cannot paint at another: compare them by themselves."
    return f"Give --size {fixed.pop()}." if fixed else "Give --size."


def _rows(reports: Sequence[RunReport]) -> list[Row]:
    """Return the rows of the runs, and last the photos themselves where a metric tells their value."""
    photos = untouched_row(reports[0].metrics.measurements)
    return [*group_into_rows(reports), *([photos] if photos.cells else [])]


def _first_of_each_metric(reports: Sequence[RunReport]) -> list[Measurement]:
    """Return for each metric the measurement of the first run that has one, in the order of the metrics."""
    first: dict[str, Measurement] = {}
    for report in reports:
        for measurement in report.metrics.measurements:
            first.setdefault(measurement.name, measurement)
    return [first[name] for name in METRICS if name in first]


def _cost_notes(rows: Sequence[Row]) -> list[str]:
    painted = [report.painted for row in rows for report in row.runs if report.painted]
    machines = sorted({f"{photos.device}, {photos.precision}" for photos in painted})
    notes = ["train seconds: all steps of the run on the machine that trained it; parameters: those of the generator."]
    return notes + [f"ms a picture: median, from host memory and back, on {machine}." for machine in machines]


def picture_grid(rows: Sequence[Row], count: int) -> np.ndarray:
    """Return `count` photos, evenly spaced, beside what the first run of each row made of them, under captions.

    Raises InputError when no photo was painted by all.
    """
    columns = [("photo", by_name(rows[0].runs[0].photos))]
    columns += [(row.label, by_name(row.runs[0].pictures)) for row in rows if row.runs]
    common = [name for name in columns[0][1] if all(name in paths for _, paths in columns)]
    if not common:
        raise InputError("No photo was painted by all runs, so there is nothing to show side by side.")
    names = [common[index] for index in evenly_spaced(len(common), count)]
    pictures = [[read_image(paths[name]) for _, paths in columns] for name in names]
    side = min(min(picture.shape[:2]) for row in pictures for picture in row)
    sheet = grid([[_centre(picture, side) for picture in row] for row in pictures])
    return add_captions(sheet, [label for label, _ in columns])


def _centre(picture: np.ndarray, side: int) -> np.ndarray:
    top, left = ((size - side) // 2 for size in picture.shape[:2])
    return picture[top : top + side, left : left + side]
