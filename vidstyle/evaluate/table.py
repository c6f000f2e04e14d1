"""Runs side by side: those on one dataset that differ only in their seed are one row, with mean and spread of each figure."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from statistics import mean, stdev
from typing import Any

from vidstyle.errors import SettingsError
from vidstyle.evaluate.figure import Measurement, for_json, shown
from vidstyle.evaluate.runs import FinishedRun
from vidstyle.evaluate.stage import RunFindings

NOT_COMPARED = ("name", "seed", "device", "restart", "dry_run", "sample_every", "save_every", "log_every")
"""Settings in which runs of one row may differ."""
COSTS = ("train seconds", "parameters", "ms a picture")


@dataclass(frozen=True)
class Cell:
    """The mean of a figure over a row's runs, and its standard deviation where there are two or more, all finite."""

    mean: float
    spread: float | None


@dataclass(frozen=True)
class Row:
    """One method, or one of its variants: its runs and, by name, what they score and cost."""

    label: str
    runs: tuple[RunFindings, ...]
    cells: dict[str, Cell]


def check_seeds(runs: Sequence[FinishedRun]) -> None:
    """Raise SettingsError where two runs differ in nothing, not even in the seed: that is no spread over seeds."""
    seen: dict[str, FinishedRun] = {}
    for run in runs:
        seed = run.settings["seed"]
        other = seen.setdefault(repr([_key(_compared(run)), seed]), run)
        if other is not run:
            raise SettingsError(
                f"{other.path} and {run.path} have the same settings, dataset and seed {seed}: they are no two seeds of "
                "one row. Leave one of them out."
            )


def rows_of(runs: Sequence[RunFindings]) -> list[Row]:
    """Return a row for each method and variant, in the order of the runs."""
    groups: dict[str, list[RunFindings]] = {}
    for one in runs:
        groups.setdefault(_key(_variant(one)), []).append(one)
    variants = [_variant(group[0]) for group in groups.values()]
    return [
        Row(_label(variant, variants), tuple(group), _cells(group))
        for variant, group in zip(variants, groups.values(), strict=True)
    ]


def _variant(one: RunFindings) -> dict[str, Any]:
    return {**_compared(one.run), "method": one.method}


def _compared(run: FinishedRun) -> dict[str, Any]:
    stated = {name: value for name, value in run.settings.items() if name not in NOT_COMPARED}
    return {**stated, "dataset": str(run.dataset)}


def _key(variant: dict[str, Any]) -> str:
    return repr(sorted(variant.items()))


def _label(variant: dict[str, Any], variants: list[dict[str, Any]]) -> str:
    """Return the method, followed by the settings in which it differs from other variants of the method."""
    others = [one for one in variants if one["method"] == variant["method"]]
    differing = [name for name in variant if any(one.get(name) != variant[name] for one in others)]
    shown = ", ".join(f"{name.replace('_', '-')} {variant[name]}" for name in differing)
    return variant["method"] + (f" ({shown})" if shown else "")


def _cells(runs: Sequence[RunFindings]) -> dict[str, Cell]:
    values: dict[str, list[float]] = {}
    for one in runs:
        for name, value in [*_scores(one), *_costs(one)]:
            values.setdefault(name, []).append(value)
    return {
        name: Cell(mean(many), stdev(many) if len(many) > 1 and all(map(isfinite, many)) else None)
        for name, many in values.items()
    }


def _scores(one: RunFindings) -> list[tuple[str, float]]:
    return [(figure.name, figure.value) for figure in one.findings.figures if figure.value is not None]


def _costs(one: RunFindings) -> list[tuple[str, float]]:
    costs = (one.run.train_seconds, one.run.parameters, one.painted.milliseconds if one.painted else None)
    return [(name, float(cost)) for name, cost in zip(COSTS, costs, strict=True) if cost is not None]


def untouched(figures: Sequence[Measurement]) -> Row:
    """Return the row of the photos themselves, which doing nothing would score."""
    values = {figure.name: figure.source_value for figure in figures}
    cells = {name: Cell(value, None) for name, value in values.items() if value is not None}
    return Row("(photos, untouched)", (), cells)


ARROWS = {"psnr": "higher", "ssim": "higher", "lpips-diversity": "higher"}
"""Which way is better where it is not lower."""


def columns_of(rows: Sequence[Row]) -> list[str]:
    """Return the names of the figures and costs that any row has, costs last."""
    names = dict.fromkeys(name for row in rows for name in row.cells)
    return [*(name for name in names if name not in COSTS), *(name for name in COSTS if name in names)]


def as_markdown(rows: Sequence[Row], figures: Sequence[Measurement], notes: Sequence[str]) -> str:
    """Return the table, below it what each column was measured on, and the notes."""
    columns = columns_of(rows)
    heads = ["method", "runs", *(f"{name} {_arrow(name)}".strip() for name in columns)]
    lines = [_line(heads), _line(["---"] * len(heads))]
    lines += [_line([row.label, str(len(row.runs) or "-"), *(_text(row, name) for name in columns)]) for row in rows]
    lines += ["", "Mean ± standard deviation over the runs of a row.", ""]
    lines += [f"- {figure.name}: {figure.basis}." for figure in figures]
    lines += [f"- {note}" for note in notes]
    return "\n".join(lines) + "\n"


def _arrow(name: str) -> str:
    return "" if name in COSTS else "↑" if ARROWS.get(name) == "higher" else "↓"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _text(row: Row, name: str) -> str:
    cell = row.cells.get(name)
    if cell is None:
        return "-"
    spread = "" if cell.spread is None else f" ± {cell.spread:.2g}"
    if name in COSTS:
        return (f"{cell.mean:,.0f}" if cell.mean >= 100 else f"{cell.mean:.2g}") + (spread if cell.spread else "")
    return shown(cell.mean) + spread


def as_csv(rows: Sequence[Row]) -> str:
    """Return a line for each row: every figure and cost with its spread in a column of its own."""
    columns, out = columns_of(rows), io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["method", "runs", *(head for name in columns for head in (name, f"{name} spread"))])
    for row in rows:
        writer.writerow(
            [row.label, len(row.runs), *(part for name in columns for part in _numbers(row.cells.get(name)))]
        )
    return out.getvalue()


def _numbers(cell: Cell | None) -> tuple[float | str, float | str]:
    return ("", "") if cell is None else (cell.mean, "" if cell.spread is None else cell.spread)


def as_records(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the rows as JSON-ready values, with every run's own figures."""
    return [
        {
            "method": row.label,
            "figures": {name: {"mean": for_json(cell.mean), "spread": cell.spread} for name, cell in row.cells.items()},
            "runs": [_run_record(one) for one in row.runs],
        }
        for row in rows
    ]


def _run_record(one: Any) -> dict[str, Any]:
    painted = one.painted
    return {
        "path": one.run.path,
        "settings": one.run.settings,
        "train_seconds": one.run.train_seconds,
        "parameters": one.run.parameters,
        "milliseconds_a_picture": painted.milliseconds if painted else None,
        "painted_on": f"{painted.device}, {painted.precision}" if painted else None,
        "figures": [figure.record() for figure in one.findings.figures],
        "missing": one.findings.missing,
    }
