"""Drawn pictures, small finished runs, and a cache of their own for every test."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from tests.drawings import blurred, drawing
from tests.networks.test_inception import randomised
from tests.styles import make_style
from vidstyle.errors import InputError, VidstyleError
from vidstyle.evaluate.inputs import Inputs
from vidstyle.evaluate.measurement import Measurement
from vidstyle.evaluate.settings import EvaluateSettings
from vidstyle.evaluate.stage import run
from vidstyle.media.images import write_image
from vidstyle.models import weights
from vidstyle.models.download import checksum
from vidstyle.networks.inception import InceptionV3

MakeRun = Callable[..., Path]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's cache, empty, with nothing to be found or downloaded outside it."""
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(weights, "KNOWN", tuple(replace(row, url=nowhere(row)) for row in weights.KNOWN))
    return tmp_path / "cache" / "vidstyle"


def nowhere(row: weights.Weights) -> str:
    """Return the address of a file that does not exist, for weights that can be downloaded."""
    return row.url and "file:///no/such/file"


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """Four drawn sources, blurred results of the same names, and five frames of a target, 64x48 pixels each."""
    for number in range(4):
        picture = drawing(number, (64, 48))
        write_image(tmp_path / "source" / f"{number}.png", picture)
        write_image(tmp_path / "generated" / f"{number}.png", blurred(picture, 1.5))
    for number in range(5):
        write_image(tmp_path / "target" / f"{number}.png", drawing(100 + number, (64, 48)))
    return tmp_path


@pytest.fixture(scope="session")
def inception_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of the official layout with random weights."""
    state = randomised(InceptionV3()).state_dict()
    state |= {"fc.weight": torch.zeros(1008, 2048), "fc.bias": torch.zeros(1008)}
    path = tmp_path_factory.mktemp("weights") / "pt_inception-2015-12-05-6726825d.pth"
    torch.save({name: value for name, value in state.items() if not name.endswith("num_batches_tracked")}, path)
    return path


@pytest.fixture
def known_inception(inception_file: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of random weights, taken for the official one."""
    rows = weights.KNOWN[:-1]
    monkeypatch.setattr(weights, "KNOWN", (*rows, replace(weights.KNOWN[-1], sha256=checksum(inception_file))))
    return inception_file


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """Return a function that leaves a finished run of a method and seed on a dataset, with a small random style."""

    def make(method: str = "cut", seed: int = 0, name: str = "", dataset: str = "dataset", **settings: object) -> Path:
        folder = tmp_path / "runs" / (name or f"{method}-{seed}")
        folder.mkdir(parents=True)
        stated = {"method": method, "seed": seed, "name": folder.name, "batch": 1, "load": 32, **settings}
        (folder / "settings.json").write_text(json.dumps(stated))
        (folder / "manifest.json").write_text(
            json.dumps({"seconds": 3.0, "inputs": [dataset], "counts": {"steps": 32}})
        )
        rows = ["step,learning_rate,seconds_per_step,NCE", "10,2e-4,0.5,1", "20,2e-4,0.5,1", "30,2e-4,1.0,1"]
        (folder / "log.csv").write_text("\n".join(rows) + "\n")
        make_style(folder / "style.safetensors", seed)
        return folder

    return make


def overwrite(path: Path, size: tuple[int, int]) -> None:
    """Put a picture of another size in the place of one."""
    cv2.imwrite(str(path), np.zeros((size[1], size[0], 3), np.uint8))


def measured(folders: Path, metrics: str = "auto", **more: object) -> dict[str, Measurement]:
    """Return the figures of the drawn folders by name."""
    settings = {name: more.pop(name) for name in list(more) if name not in Inputs.__dataclass_fields__}
    inputs = {"generated": (folders / "generated",), "target": folders / "target", "source": folders / "source"}
    result = run(Inputs(**{**inputs, **more}), EvaluateSettings(metrics=metrics, device="cpu", **settings))
    return {record["name"]: Measurement.of(record) for record in result.details["figures"]}


def refusal(folders: Path, metrics: str = "psnr,ssim", **more: object) -> str:
    """Return the message with which an input is refused."""
    with pytest.raises(VidstyleError) as caught:
        measured(folders, metrics, **more)
    assert isinstance(caught.value, InputError)
    return str(caught.value)
