"""Every metric is one row, with one function under its name, and its row says what happens to it."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.evaluate.conftest import measured, overwrite, refusal
from vidstyle.evaluate import paired_metrics
from vidstyle.evaluate.compute_metrics import MetricInputs
from vidstyle.evaluate.distances import DISTANCES
from vidstyle.evaluate.metrics import METRICS, SEVERAL, SOURCE, TARGET, Metric, groups
from vidstyle.evaluate.paired_metrics import AMONG_RESULTS, AT_ONE_SIZE, PAIRED
from vidstyle.evaluate.table import Cell, Row, as_markdown
from vidstyle.models.weights import known_weights


def names_needing(what: str) -> set[str]:
    return {name for name, metric in METRICS.items() if metric.needs == what}


def test_every_row_has_a_function_of_its_name() -> None:
    assert DISTANCES.keys() == names_needing(TARGET)
    assert PAIRED.keys() | AT_ONE_SIZE.keys() == names_needing(SOURCE)
    assert AT_ONE_SIZE.keys() == {name for name, metric in METRICS.items() if metric.at_one_size}
    assert AMONG_RESULTS.keys() == names_needing(SEVERAL)


def test_the_weights_of_every_row_are_known() -> None:
    assert all(known_weights(name) for metric in METRICS.values() for name in metric.weights)


def test_metrics_of_the_same_weights_and_sizes_are_measured_together() -> None:
    assert [[metric.name for metric in group] for group in groups()] == [
        ["fid", "fid-clean", "kid"],
        ["fd-vgg16", "kid-vgg16"],
        ["psnr", "ssim"],
        ["lpips"],
        ["plain-areas", "flat-share", "chroma-shift", "lightness-shift", "edges"],
        ["lpips-diversity"],
    ]


def test_the_names_of_the_metrics_load_no_heavy_library() -> None:
    code = "import sys, vidstyle.evaluate.settings; print(sorted({'torch', 'numpy', 'av', 'cv2', 'PIL'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"


def test_a_row_and_a_function_are_all_that_a_metric_takes(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def brightness_shift(result: torch.Tensor, source: torch.Tensor) -> float:
        return float((result - source).mean())

    row = Metric("brightness-shift", SOURCE, higher_is_better=True, smallest_side=20)
    monkeypatch.setitem(METRICS, row.name, row)
    monkeypatch.setitem(paired_metrics.PAIRED, row.name, brightness_shift)
    assert MetricInputs((), target=None, source=None).suffice_for(row) is False
    found = measured(folders, "psnr,brightness-shift")
    assert abs(found["brightness-shift"].value) < 0.1
    assert found["brightness-shift"].counts == {"pairs": 4}
    table = as_markdown([Row("cut", (), {"brightness-shift": Cell(0.5, None)})], [], [])
    assert table.startswith("| method | runs | brightness-shift ↑ |")
    overwrite(folders / "generated" / "0.png", (64, 10))
    assert refusal(folders, "brightness-shift") == (
        f"{folders / 'generated' / '0.png'} is 64x10 pixels; brightness-shift needs 20 or more on each side."
    )
