"""A comparison as Markdown, CSV and JSON."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from vidstyle.evaluate.comparison import COSTS, Cell, Row
from vidstyle.evaluate.figure import Figure, for_json, shown

ARROWS = {"psnr": "higher", "ssim": "higher", "lpips-diversity": "higher"}
"""Which way is better where it is not lower."""


def columns_of(rows: Sequence[Row]) -> list[str]:
    """Return the names of the figures and costs that any row has, costs last."""
    names = dict.fromkeys(name for row in rows for name in row.cells)
    return [*(name for name in names if name not in COSTS), *(name for name in COSTS if name in names)]


def as_markdown(rows: Sequence[Row], figures: Sequence[Figure], notes: Sequence[str]) -> str:
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
