"""The table of a comparison: one row for a method or variant, with mean and spread over its runs.

Runs on one dataset that differ only in their seed share a row. The table is written as Markdown, CSV and JSON.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from statistics import mean, stdev
from typing import Any

from vidstyle.errors import SettingsError
from vidstyle.evaluate.measurement import Measurement, for_json, format_value
from vidstyle.evaluate.metrics import METRICS
from vidstyle.evaluate.runs import FinishedRun
from vidstyle.evaluate.stage import RunReport

NOT_COMPARED = ("name", "seed", "device", "restart", "dry_run", "sample_every", "save_every", "log_every")
"""Settings in which runs of one row may differ."""
COSTS = ("train seconds", "parameters", "ms a picture")


@dataclass(frozen=True)
class Cell:
    """The mean of a metric or cost over a row's runs; the standard deviation where there are two or more, all finite."""

    mean: float
    spread: float | None


@dataclass(frozen=True)
class Row:
    """One method, or one of its variants: its runs and, by name, what they score and cost."""

    label: str
    runs: tuple[RunReport, ...]
    cells: dict[str, Cell]


def check_seeds(runs: Sequence[FinishedRun]) -> None:
    """Raise SettingsError where two runs have all settings and the seed in common: they show no spread over seeds."""
    by_settings: dict[str, FinishedRun] = {}
    for run in runs:
        seed = run.settings["seed"]
        first = by_settings.setdefault(repr([_key(_compared_settings(run)), seed]), run)
        if first is not run:
            raise SettingsError(
                f"{first.path} and {run.path} have the same settings, dataset and seed {seed}: they are no two seeds of "
                "one row. Leave one of them out."
            )


def group_into_rows(reports: Sequence[RunReport]) -> list[Row]:
    """Return a row for each method and variant, in the order of the runs."""
    groups: dict[str, list[RunReport]] = {}
    for report in reports:
        groups.setdefault(_key(_variant(report)), []).append(report)
    variants = [_variant(group[0]) for group in groups.values()]
    return [
        Row(_label(variant, variants), tuple(group), _cells(group))
        for variant, group in zip(variants, groups.values(), strict=True)
    ]


def _variant(report: RunReport) -> dict[str, Any]:
    return {**_compared_settings(report.run), "method": report.method}


def _compared_settings(run: FinishedRun) -> dict[str, Any]:
    settings = {name: value for name, value in run.settings.items() if name not in NOT_COMPARED}
    return {**settings, "dataset": str(run.dataset)}


def _key(variant: dict[str, Any]) -> str:
    return repr(sorted(variant.items()))


def _label(variant: dict[str, Any], variants: list[dict[str, Any]]) -> str:
    """Return the method, followed by the settings in which it differs from other variants of the method."""
    same_method = [other for other in variants if other["method"] == variant["method"]]
    differing = [name for name in variant if any(other.get(name) != variant[name] for other in same_method)]
    settings = ", ".join(f"{name.replace('_', '-')} {variant[name]}" for name in differing)
    return variant["method"] + (f" ({settings})" if settings else "")


def _cells(reports: Sequence[RunReport]) -> dict[str, Cell]:
    values: dict[str, list[float]] = {}
    for report in reports:
        for name, value in [*_scores(report), *_costs(report)]:
            values.setdefault(name, []).append(value)
    return {name: Cell(mean(numbers), _spread(numbers)) for name, numbers in values.items()}


def _spread(numbers: Sequence[float]) -> float | None:
    return stdev(numbers) if len(numbers) > 1 and all(map(isfinite, numbers)) else None


def _scores(report: RunReport) -> list[tuple[str, float]]:
    measurements = report.metrics.measurements
    return [(measurement.name, measurement.value) for measurement in measurements if measurement.value is not None]


def _costs(report: RunReport) -> list[tuple[str, float]]:
    milliseconds = report.painted.milliseconds if report.painted else None
    costs = (report.run.train_seconds, report.run.parameters, milliseconds)
    return [(name, float(cost)) for name, cost in zip(COSTS, costs, strict=True) if cost is not None]


def untouched_row(measurements: Sequence[Measurement]) -> Row:
    """Return the row of the photos themselves: what a method that changes nothing would score."""
    values = {measurement.name: measurement.source_value for measurement in measurements}
    cells = {name: Cell(value, None) for name, value in values.items() if value is not None}
    return Row("(photos, untouched)", (), cells)


def column_names(rows: Sequence[Row]) -> list[str]:
    """Return the names of the metrics and costs that any row has, costs last."""
    names = dict.fromkeys(name for row in rows for name in row.cells)
    return [*(name for name in names if name not in COSTS), *(name for name in COSTS if name in names)]


def as_markdown(rows: Sequence[Row], measurements: Sequence[Measurement], notes: Sequence[str]) -> str:
    """Return the table, below it what each column was measured on, and the notes."""
    columns = column_names(rows)
    heads = ["method", "runs", *(f"{name} {_arrow(name)}".strip() for name in columns)]
    lines = [_line(heads), _line(["---"] * len(heads))]
    lines += [_line([row.label, str(len(row.runs) or "-"), *(_text(row, name) for name in columns)]) for row in rows]
    lines += ["", "Mean ± standard deviation over the runs of a row.", ""]
    lines += [f"- {measurement.name}: {measurement.basis}." for measurement in measurements]
    lines += [f"- {note}" for note in notes]
    return "\n".join(lines) + "\n"


def _arrow(name: str) -> str:
    """Return which way is better; an empty string for costs."""
    if name in COSTS:
        return ""
    return "↑" if METRICS[name].higher_is_better else "↓"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _text(row: Row, name: str) -> str:
    cell = row.cells.get(name)
    if cell is None:
        return "-"
    if name not in COSTS:
        return format_value(cell.mean) + ("" if cell.spread is None else f" ± {cell.spread:.2g}")
    mean_text = f"{cell.mean:,.0f}" if cell.mean >= 100 else f"{cell.mean:.2g}"
    return mean_text + (f" ± {cell.spread:.2g}" if cell.spread else "")


def as_csv(rows: Sequence[Row]) -> str:
    """Return a line for each row: every metric and cost, with its spread in a column of its own."""
    columns, out = column_names(rows), io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["method", "runs", *(head for name in columns for head in (name, f"{name} spread"))])
    for row in rows:
        numbers = [number for name in columns for number in _mean_and_spread(row.cells.get(name))]
        writer.writerow([row.label, len(row.runs), *numbers])
    return out.getvalue()


def _mean_and_spread(cell: Cell | None) -> tuple[float | str, float | str]:
    if cell is None:
        return "", ""
    return cell.mean, "" if cell.spread is None else cell.spread


def as_records(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the rows as JSON-ready values, with every run's own measurements."""
    return [
        {
            "method": row.label,
            "figures": {name: {"mean": for_json(cell.mean), "spread": cell.spread} for name, cell in row.cells.items()},
            "runs": [_run_record(report) for report in row.runs],
        }
        for row in rows
    ]


def _run_record(report: RunReport) -> dict[str, Any]:
    painted = report.painted
    return {
        "path": report.run.path,
        "settings": report.run.settings,
        "train_seconds": report.run.train_seconds,
        "parameters": report.run.parameters,
        "milliseconds_a_picture": painted.milliseconds if painted else None,
        "painted_on": f"{painted.device}, {painted.precision}" if painted else None,
        "figures": [measurement.record() for measurement in report.metrics.measurements],
        "missing": report.metrics.missing,
    }
