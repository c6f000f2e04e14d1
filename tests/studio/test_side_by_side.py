"""Styles are put side by side on the pictures that were chosen, with the measures of `vidstyle evaluate`."""

import csv
import shlex
from collections.abc import Iterator

import numpy as np
import pytest

from tests.extras import needs_extra
from tests.styles import make_style
from vidstyle import api
from vidstyle.errors import InputError, OutputError, SettingsError
from vidstyle.media.images import write_image
from vidstyle.progress import silent
from vidstyle.studio.compare_tab import CompareRequests
from vidstyle.studio.folders import Folders
from vidstyle.studio.side_by_side import MEASURES, UNTOUCHED, side_by_side
from vidstyle.studio.studio import Studio

needs_extra("studio", "gradio")
VALUES = ["32", "auto", 0.25]


@pytest.fixture(scope="module")
def requests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CompareRequests]:
    place = tmp_path_factory.mktemp("place")
    noise = np.random.default_rng(0)
    for name in ("a", "b"):
        write_image(place / f"{name}.png", noise.integers(0, 255, (40, 56, 3), np.uint8))
        make_style(place / "runs" / f"run-{name}" / "style.safetensors", seed=ord(name))
    studio = Studio(Folders([place]))
    yield CompareRequests(studio)
    studio.preview.close()


def test_each_style_has_the_measures_that_evaluate_gives(
    requests: CompareRequests, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = requests.studio.folders.first
    monkeypatch.chdir(place)
    assert requests.start(["run-a", "run-b"], ["a.png", "b.png"], "both", *VALUES) == "compared"
    (job,) = requests.studio.queue.jobs()
    side_by_side(**job.arguments, on_progress=silent)
    measured = api.evaluate(generated="both/painted/run-a", source="both/pictures", metrics=",".join(MEASURES))
    rows = {row["style"]: row for row in csv.DictReader((place / "both" / "table.csv").open())}
    assert list(rows) == ["run-a", "run-b", UNTOUCHED]
    assert float(rows["run-a"]["edges"]) == pytest.approx(measured.value("edges"), rel=1e-3)
    assert rows["run-a"] != rows["run-b"] and float(rows[UNTOUCHED]["edges"]) == 1
    *_, evaluation = map(shlex.split, job.command.splitlines())
    assert evaluation[:4] == ["vidstyle", "evaluate", "--generated", "both/painted/run-b"]
    shown = requests.shown("both")
    assert "plain-areas" in shown and shown.count("<img") == 6 and "both/small/run-b/b.jpg" in shown


def test_what_cannot_be_compared_is_refused(requests: CompareRequests) -> None:
    for styles, pictures in (([], ["a.png"]), (["run-a"], [])):
        with pytest.raises(InputError, match="Choose one style"):
            requests.start(styles, pictures, "new", *VALUES)
    with pytest.raises(SettingsError, match="There is no style"):
        requests.start(["/etc/passwd"], ["a.png"], "new", *VALUES)
    with pytest.raises(InputError, match="outside"):
        requests.start(["run-a"], ["../a.png"], "new", *VALUES)
    for folder in ("runs", "../out", ".hidden"):
        with pytest.raises(OutputError):
            requests.start(["run-a"], ["a.png"], folder, *VALUES)
    assert requests.commands(["run-a"], [], "new", *VALUES).startswith("# Choose")
    assert not (requests.studio.folders.first / "new").exists()
