"""The training runs that a recipe asks for: one table or several, each for one or several methods and seeds."""

from collections.abc import Sequence
from itertools import product
from typing import Any

Table = dict[str, Any]


def train_tables(stated: Table | Sequence[Table]) -> list[Table]:
    """Return one table a run: `method` and `seed` may be lists, and then name the runs, as `cut++-seed1`."""
    tables = [stated] if isinstance(stated, dict) else stated
    return [one for table in tables for one in _runs_of(table)]


def _runs_of(table: Table) -> list[Table]:
    lists = {key: table[key] for key in ("method", "seed") if isinstance(table.get(key), list)}
    return [_one(table, dict(zip(lists, values, strict=True))) for values in product(*lists.values())]


def _one(table: Table, chosen: Table) -> Table:
    if not chosen:
        return table
    first = table.get("name") or ("" if "method" in chosen else table.get("method", "cut++"))
    parts = [first, chosen.get("method", ""), f"seed{chosen['seed']}" if "seed" in chosen else ""]
    return {**table, **chosen, "name": "-".join(part for part in parts if part)}
