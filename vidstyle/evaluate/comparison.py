"""Runs side by side: those on one dataset that differ only in their seed are one row, with mean and spread of each figure."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from statistics import mean, stdev
from typing import Any

from vidstyle.errors import SettingsError
from vidstyle.evaluate.figure import Figure
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


def untouched(figures: Sequence[Figure]) -> Row:
    """Return the row of the photos themselves, which doing nothing would score."""
    values = {figure.name: figure.source_value for figure in figures}
    cells = {name: Cell(value, None) for name, value in values.items() if value is not None}
    return Row("(photos, untouched)", (), cells)
