"""The job that puts styles side by side: each paints the same pictures, and its paintings are measured beside them."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidstyle import api
from vidstyle.errors import InputError
from vidstyle.evaluate.measurement import format_value
from vidstyle.evaluate.metrics import METRICS
from vidstyle.files import whole_file, write_json
from vidstyle.media.images import list_images, thumbnail_jpeg
from vidstyle.progress import OnProgress

MEASURES = tuple(metric.name for metric in METRICS.values() if metric.at_one_size)
"""The metrics that compare a painting with its picture at one size."""
UNTOUCHED = "the pictures themselves"
SHOWN_WIDTH = 640
"""Width in pixels of the small copies that the page shows."""


@dataclass(frozen=True)
class ComparisonFolder:
    """Paths inside the folder of one comparison."""

    path: Path

    @property
    def pictures(self) -> Path:
        """The pictures that all styles paint."""
        return self.path / "pictures"

    def painted(self, style: str) -> Path:
        """The folder of what a style painted."""
        return self.path / "painted" / style

    def small(self, name: str) -> Path:
        """The folder of small copies of what a style painted, or of the pictures themselves."""
        return self.path / "small" / name

    @property
    def record(self) -> Path:
        """What was measured."""
        return self.path / "comparison.json"

    @property
    def table(self) -> Path:
        """The same as a table."""
        return self.path / "table.csv"


@dataclass(frozen=True)
class Comparison:
    """What the job did: the folder of the comparison, and warnings."""

    folder: Path
    warnings: tuple[str, ...]


def side_by_side(styles: Sequence[str], folder: str, on_progress: OnProgress, **settings: Any) -> Comparison:
    """Paint the pictures in the folder with each style, and write comparison.json, table.csv and small copies.

    `settings` are those of `vidstyle render`. Raises InputError where a picture cannot be painted, and what rendering and
    measuring raise.
    """
    where, warnings = ComparisonFolder(Path(folder)), []
    rows: dict[str, dict[str, float | None]] = {}
    untouched: dict[str, float | None] = {}
    for style in styles:
        painted = api.render(where.pictures, where.painted(style), style=style, on_progress=on_progress, **settings)
        if painted.failures:
            raise InputError(" ".join(painted.failures.values()))
        measured = api.evaluate(
            generated=where.painted(style), source=where.pictures, metrics=",".join(MEASURES), on_progress=on_progress
        )
        warnings += [*painted.warnings, *measured.warnings]
        rows[style] = {measurement.name: measurement.value for measurement in measured.measurements}
        untouched = {measurement.name: measurement.source_value for measurement in measured.measurements}
    rows[UNTOUCHED] = untouched
    for name, pictures in ((UNTOUCHED, where.pictures), *((style, where.painted(style)) for style in styles)):
        _write_small(pictures, where.small(name))
    _write_table(where.table, rows)
    names = [path.stem for path in list_images(where.pictures)]
    write_json(where.record, {"rows": rows, "pictures": names})  # last: it says that all is there
    return Comparison(where.path, tuple(dict.fromkeys(warnings)))


def _write_small(pictures: Path, target: Path) -> None:
    for path in list_images(pictures):
        with whole_file(target / f"{path.stem}.jpg") as partial:
            partial.write_bytes(thumbnail_jpeg(path, SHOWN_WIDTH))


def _write_table(target: Path, rows: Mapping[str, Mapping[str, float | None]]) -> None:
    with whole_file(target) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        lines = ([name, *(format_value(values.get(measure)) for measure in MEASURES)] for name, values in rows.items())
        csv.writer(file).writerows([["style", *MEASURES], *lines])
