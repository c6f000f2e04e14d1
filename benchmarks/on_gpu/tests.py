"""Part 1: the tests that need a CUDA device.

python -m benchmarks.on_gpu.tests FIGURES
"""

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import click
import pytest
import torch

from benchmarks.on_gpu.figures import Figures
from benchmarks.on_gpu.parts import ROOT

MARK = "mark.needs_cuda"
WORKERS = 4
FEW = ("test_runtime.py", "test_guided_filter.py")
"""What the rehearsal collects; the tests in it are skipped where there is no CUDA device."""


class Verdicts:
    """A plugin of pytest that notes every test that did not pass, and counts all."""

    def __init__(self, figures: Figures) -> None:
        self.figures = figures
        self.counts: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Note one phase of a test."""
        if report.when == "call" or report.outcome != "passed":
            self.counts[report.outcome] += 1
            if report.outcome == "failed":
                cause = str(report.longreprtext).splitlines()[-1][:200]
                self.figures.add("tests that failed", test=report.nodeid, phase=report.when, cause=cause)

    def pytest_collectreport(self, report: Any) -> None:
        """Note a file that cannot be imported, as where PyAV is missing."""
        if report.failed:
            self.counts["broken files"] += 1
            cause = [line for line in str(report.longreprtext).splitlines() if line.startswith("E ")][-1:]
            self.figures.add("files that cannot be imported", file=report.nodeid, cause="".join(cause)[:200])


def files_with_the_mark(rehearse: bool) -> list[str]:
    """Return the test files that hold tests for CUDA."""
    found = sorted(path for path in (ROOT / "tests").rglob("test_*.py") if MARK in path.read_text(encoding="utf-8"))
    return [str(path) for path in found if not rehearse or path.name in FEW]


@click.command(help=__doc__)
@click.argument("figures", type=click.Path(path_type=Path))
@click.option("--rehearse", is_flag=True)
def main(figures: Path, rehearse: bool) -> None:
    verdicts = Verdicts(Figures(figures))
    options = ["-m", "needs_cuda", "-p", "no:cacheprovider", "--continue-on-collection-errors", "--rootdir", str(ROOT)]
    options += ["-c", str(ROOT / "setup.cfg"), "-n", "0" if rehearse else str(WORKERS), "-rfE"]
    code = pytest.main([*options, *files_with_the_mark(rehearse)], plugins=[verdicts])
    verdicts.figures.say(", ".join(f"{count} {name}" for name, count in sorted(verdicts.counts.items())))
    sys.exit(code if rehearse or torch.cuda.is_available() else "There is no CUDA device: no test has run.")


if __name__ == "__main__":
    main()
