"""The tabs Train and Compare in a browser: a training is begun and its curve seen, and two styles are compared."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tests.studio.test_page as walk
from tests.styles import make_style
from vidstyle.media.images import write_image
from vidstyle.studio.side_by_side import MEASURES

page = walk.page
WIDTH = 420
"""Pixels, as on a phone."""
TINY = {"batch": 1, "crop": 32, "load": 32, "holdout": 0, "sample-every": 5, "log-every": 2}

TRAIN_CONTROLS = {"dataset", "side", "train-drop", "train-sources", "extract-command", "add", "train-method"}
TRAIN_CONTROLS |= {f"train-{name}" for name in ("name", "steps", "init", "batch", "seed", "command", "start", "stop")}
TRAIN_CONTROLS |= {"run-name", "run-samples", "try-photo", "try-drop", "try", "try-pair", "job"}
COMPARE_CONTROLS = {f"compare-{name}" for name in ("styles", "pictures", "drop", "folder", "start", "command")}
COMPARE_CONTROLS |= {"comparison", "compared", "job"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a dataset and a run."""
    place, noise = tmp_path_factory.mktemp("train") / "place", np.random.default_rng(0)
    for folder in ("trainA", "trainB"):
        for number in range(4):
            picture = noise.integers(0, 255, (40, 56, 3), np.uint8)
            write_image(place / "dataset" / folder / f"{number}.png", picture)
    make_style(place / "runs" / "other" / "style.safetensors")
    return place


@pytest.fixture(scope="module")
def program(place: Path) -> Iterator[walk.Program]:
    program = walk.Program(place)
    yield program
    program.end(signal.SIGINT)


def choose(page: Any, control: str, *names: str) -> None:
    for name in names:
        page.click(f"#{control} input")
        page.click(f"#{control} [role=option]:has-text('{name}')")
    page.keyboard.press("Escape")


def test_a_training_shows_its_curve_and_two_styles_their_measures(page: Any, place: Path) -> None:
    page.set_viewport_size({"width": WIDTH, "height": 900})
    page.click("[role=tab]:has-text('Train')")
    for name, value in {"name": "mine", "steps": 6}.items():
        page.fill(f"#train-{name} input, #train-{name} textarea", str(value))
    page.click("text=More settings")
    for name, value in TINY.items():
        page.fill(f"#train-{name} input, #train-{name} textarea", str(value))
    page.keyboard.press("Tab")
    page.wait_for_function("document.querySelector('#train-command textarea').value.includes('--log-every 2')")
    page.click("#train-start")
    page.wait_for_selector("#run-curves svg polyline")
    page.reload()
    page.click("[role=tab]:has-text('Train')")
    page.wait_for_selector("#run-state .done")
    page.wait_for_selector("#run-samples img")
    choose(page, "try-photo", "dataset/trainA/0.png")
    page.click("#try")
    page.wait_for_selector("#try-pair .after")
    assert walk.serious_faults(page) == []
    page.click("text=More settings")
    assert walk.not_reached_by_keyboard(page, TRAIN_CONTROLS) == set()
    assert (place / "runs" / "mine" / "style.safetensors").is_file()

    page.click("[role=tab]:has-text('Compare')")
    choose(page, "compare-styles", "other")
    choose(page, "compare-pictures", "dataset/trainA/0.png")
    page.click("#compare-start")
    table = page.wait_for_selector("#compared table").inner_text()
    assert all(word in table for word in ("default", "other", *MEASURES))
    assert page.locator("#compared img").count() == 3
    assert page.evaluate("document.documentElement.scrollWidth") <= WIDTH
    boxes = [picture.bounding_box() for picture in page.query_selector_all("#compared img, #compared .wide")]
    assert all(box["x"] + box["width"] <= WIDTH for box in boxes)
    assert walk.serious_faults(page) == []
    assert walk.not_reached_by_keyboard(page, COMPARE_CONTROLS) == set()
