"""The ablation's rows as Markdown: one line a cell, mean and spread over seeds, best distance first.

python -m benchmarks.ablation_table [TABLE]
"""

import csv
from collections import defaultdict
from pathlib import Path
from statistics import mean, stdev

import click

from benchmarks.ablation import SCALE, SCORES


def groups(table: Path) -> dict[tuple[str, ...], dict[tuple[str, str], list[dict[str, str]]]]:
    """Return the rows of a table by scale, and then by cell and folder of frames."""
    found: dict[tuple[str, ...], dict[tuple[str, str], list[dict[str, str]]]] = defaultdict(lambda: defaultdict(list))
    with table.open(newline="") as file:
        for row in csv.DictReader(file):
            found[tuple(row[name] for name in SCALE)][row["cell"], row["frames"]].append(row)
    return found


def figure(values: list[float]) -> str:
    """Return the mean to four digits, with the sample standard deviation where there are several values."""
    return f"{mean(values):.4g}" + (f" ± {stdev(values):.2g}" if len(values) > 1 else "")


def markdown(cells: dict[tuple[str, str], list[dict[str, str]]]) -> str:
    """Return one scale's cells as a table."""
    lines = [["cell", "frames", "seeds", *SCORES], ["---", "---", *["---:"] * (1 + len(SCORES))]]
    by_distance = sorted(cells.items(), key=lambda item: mean(float(row[SCORES[0]]) for row in item[1]))
    for (cell, frames), rows in by_distance:
        figures = (figure([float(row[name]) for row in rows]) for name in SCORES)
        lines.append([cell, frames, str(len(rows)), *figures])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


@click.command(help=__doc__)
@click.argument("table", type=click.Path(exists=True, path_type=Path), default=Path("benchmarks/ablation.csv"))
def main(table: Path) -> None:
    for scale, cells in groups(table).items():
        click.echo(", ".join(f"{name} {value}" for name, value in zip(SCALE, scale, strict=True)))
        click.echo(f"\n{markdown(cells)}\n")


if __name__ == "__main__":
    main()
