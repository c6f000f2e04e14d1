"""The parts of the run, each in a process group of its own that ends with its time limit, and the table of what they found."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from vidstyle.files import whole_file, write_json

ROOT = Path(__file__).parents[2]
NO_CHANGE: Mapping[str, str] = {}
GRACE_SECONDS = 8.0
"""How long what is asked to end may take to keep its work, before it is killed."""


@dataclass(frozen=True)
class Part:
    """One part: its `share` of the minutes that are left, against those of the parts that come after it."""

    name: str
    share: float
    command: Callable[[Path, float], Sequence[str]]
    """Returns the arguments of Python for the file of the figures and the seconds that the part may take."""
    needs: str = ""
    """A module without which the part is left out."""


@dataclass(frozen=True)
class Outcome:
    """How a part ended: `done`, `failed`, `out of time` or `left out`; its seconds, those it had, and its figures."""

    name: str
    ending: str
    seconds: float
    limit: float
    figures: dict[str, Any]

    @property
    def good(self) -> bool:
        """Whether all that could be done here was done."""
        return self.ending in ("done", "left out")


def run_parts(
    parts: Sequence[Part], minutes: float, folder: Path, environment: Mapping[str, str] = NO_CHANGE
) -> list[Outcome]:
    """Run the parts one after the other, with changes to their `environment`, and return how each ended.

    In `folder` the table (`table.md`), the figures (`figures.json`) and the output (`output.log`) grow with each part.
    """
    folder.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + 60 * minutes
    outcomes: list[Outcome] = []
    for number, part in enumerate(parts):
        left = max(deadline - time.monotonic(), 1.0)
        limit = left * part.share / sum(later.share for later in parts[number:])
        outcomes.append(_run_part(part, limit, folder, environment))
        write_json(folder / "figures.json", {outcome.name: outcome.figures for outcome in outcomes})
        with whole_file(folder / "table.md") as partial:
            partial.write_text("\n".join(table_of(outcomes)) + "\n", encoding="utf-8")
    return outcomes


def _run_part(part: Part, limit: float, folder: Path, environment: Mapping[str, str]) -> Outcome:
    if part.needs and find_spec(part.needs) is None:
        said = {"ending": "left out", "headline": f"There is no module {part.needs}."}
        return Outcome(part.name, "left out", 0.0, limit, said)
    figures = folder / f"{part.name}.json"
    command = [sys.executable, *part.command(figures, limit)]
    with (folder / "output.log").open("a", encoding="utf-8") as log:
        print(f"\n== {part.name}, at most {limit:.0f} s: {' '.join(command)}", file=log, flush=True)
        began = time.monotonic()
        code = _run_group(command, limit, log, environment)
        seconds = time.monotonic() - began
        ending = "out of time" if code is None else "failed" if code else "done"
        print(f"== {part.name}: {ending} after {seconds:.1f} s, exit code {code}", file=log)
    found = json.loads(figures.read_text()) if figures.is_file() else {}
    figures.unlink(missing_ok=True)
    return Outcome(part.name, ending, seconds, limit, {"ending": ending, "seconds": round(seconds, 1), **found})


def _run_group(command: Sequence[str], limit: float, log: Any, changes: Mapping[str, str]) -> int | None:
    """Return the exit code of a command, None where it took longer than `limit` seconds; nothing of its group is left."""
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1", **changes}
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, env=environment, process_group=0
    )
    code = None
    try:
        with suppress(subprocess.TimeoutExpired):
            code = process.wait(limit)
        if code is None:
            os.killpg(process.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(GRACE_SECONDS)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return code


def table_of(outcomes: Iterable[Outcome]) -> list[str]:
    """Return the lines of a Markdown page: a table of the parts, then the tables of each."""
    outcomes = list(outcomes)
    about = next((outcome.figures["hardware"] for outcome in outcomes if "hardware" in outcome.figures), {})
    lines = [", ".join(f"{name} {value}" for name, value in about.items()), ""]
    rows = [
        {
            "part": outcome.name,
            "ended": outcome.ending,
            "s": f"{outcome.seconds:.0f} of {outcome.limit:.0f}",
            "what it says": outcome.figures.get("headline", ""),
        }
        for outcome in outcomes
    ]
    lines += markdown(rows)
    for outcome in outcomes:
        for name, table in outcome.figures.get("tables", {}).items():
            lines += ["", f"## {outcome.name}: {name}", "", *markdown(table)]
    return lines


def markdown(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Return rows as a table in Markdown, with a column for each name that one of them has."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    return lines + ["| " + " | ".join(_cell(row.get(name)) for name in columns) + " |" for row in rows]


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,.4g}" if isinstance(value, float) else str(value).replace("|", "/")
