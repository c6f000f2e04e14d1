"""The compare stage: finished runs on the same photos, as a table of figures and costs and a grid of pictures."""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vidstyle.errors import InputError, SettingsError
from vidstyle.evaluate.figure import not_computed
from vidstyle.evaluate.image_sets import by_name, open_folders
from vidstyle.evaluate.runs import FinishedRun, open_run
from vidstyle.evaluate.settings import METRICS, CompareSettings
from vidstyle.evaluate.stage import evaluate_run
from vidstyle.evaluate.table import Row, as_csv, as_markdown, as_records, check_seeds, rows_of, untouched
from vidstyle.files import whole_file, write_json
from vidstyle.media.images import read_image
from vidstyle.progress import OnProgress, StageResult, silent
from vidstyle.report.contact_sheet import add_captions, grid
from vidstyle.report.png import write_png


def run(
    runs: Sequence[Path],
    photos: Path,
    target: Path,
    output: Path,
    settings: CompareSettings,
    on_progress: OnProgress = silent,
) -> StageResult:
    """Measure every run on `photos` against `target` and write table.md, table.csv, table.json and grid.png to `output`.

    A run that is named twice counts once. Raises InputError for folders that are no finished runs, SettingsError where
    they paint at different sizes or two differ in nothing, and what `evaluate_run` raises.
    """
    started = time.monotonic()
    opened = [open_run(path) for path in {path.resolve(): path for path in runs}.values()]
    check_seeds(opened)
    _check_sizes(opened, settings)
    sources, frames = open_folders(photos), open_folders(target)
    done = [evaluate_run(one, sources, frames, settings, on_progress) for one in opened]
    rows = rows_of(done)
    if (reference := untouched(done[0].findings.figures)).cells:
        rows.append(reference)
    absent = {name: why for one in done for name, why in one.findings.missing.items()}
    figures = {figure.name: figure for one in reversed(done) for figure in one.findings.figures}
    warnings = tuple(dict.fromkeys(text for one in done for text in one.findings.warnings))
    notes = [*_cost_notes(rows), *not_computed(absent), *warnings]
    table = as_markdown(rows, [figures[name] for name in METRICS if name in figures], notes)
    for name, text in (("table.md", table), ("table.csv", as_csv(rows))):
        with whole_file(output / name) as partial:
            partial.write_text(text, encoding="utf-8")
    write_json(output / "table.json", {"rows": as_records(rows), "settings": settings.record(), "warnings": warnings})
    write_png(output / "grid.png", picture_grid(rows, settings.rows))
    return StageResult(
        stage="compare",
        inputs=(*runs, photos, target),
        outputs=tuple(output / name for name in ("table.md", "table.csv", "table.json", "grid.png")),
        counts={"runs": len(done), "rows": len(rows), "photos": len(sources), "target": len(frames)},
        seconds=time.monotonic() - started,
        settings=settings.record(),
        warnings=warnings,
        details={"missing": absent, "table": table},
    )


def _check_sizes(runs: Sequence[FinishedRun], settings: CompareSettings) -> None:
    sizes: dict[int, Path] = {}
    for one in runs:
        sizes.setdefault(one.painted_at(settings.size), one.path)
    if len(sizes) > 1:
        shown = ", ".join(f"{path} at {size}" for size, path in sizes.items())
        raise SettingsError(
            f"The runs paint at different short sides ({shown}): their figures do not compare. {_way_out(runs)}"
        )


def _way_out(runs: Sequence[FinishedRun]) -> str:
    """Return how runs come to one size: pictures that a run left instead of a style have the size that they have."""
    fixed = {one.painted_at(None) for one in runs if one.results}
    if len(fixed) > 1:
        return "Those that left pictures instead of a style cannot paint at another: compare them by themselves."
    return f"Give --size {fixed.pop()}." if fixed else "Give --size."


def _cost_notes(rows: Sequence[Row]) -> list[str]:
    places = {f"{one.painted.device}, {one.painted.precision}" for row in rows for one in row.runs if one.painted}
    notes = ["train seconds: all steps of the run on the machine that trained it; parameters: those of the generator."]
    return notes + [f"ms a picture: median, from host memory and back, on {place}." for place in sorted(places)]


def picture_grid(rows: Sequence[Row], count: int) -> np.ndarray:
    """Return `count` photos, evenly spread, beside what the first run of each row made of them, under captions.

    Raises InputError when no photo was painted by all.
    """
    shown = [(row.label, by_name(row.runs[0].pictures)) for row in rows if row.runs]
    photos = by_name(rows[0].runs[0].photos)
    common = [name for name in photos if all(name in pictures for _, pictures in shown)]
    if not common:
        raise InputError("No photo was painted by all runs, so there is nothing to show side by side.")
    chosen = [common[int(number)] for number in np.linspace(0, len(common) - 1, min(count, len(common))).round()]
    columns = [photos, *(pictures for _, pictures in shown)]
    pictures = [[read_image(column[name]) for column in columns] for name in chosen]
    side = min(min(picture.shape[:2]) for row in pictures for picture in row)
    sheet = grid([[_centre(picture, side) for picture in row] for row in pictures])
    return add_captions(sheet, ["photo", *(label for label, _ in shown)])


def _centre(picture: np.ndarray, side: int) -> np.ndarray:
    top, left = ((size - side) // 2 for size in picture.shape[:2])
    return picture[top : top + side, left : left + side]
