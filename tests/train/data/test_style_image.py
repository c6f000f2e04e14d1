"""Single-image methods learn from the frame that the user named, the most typical one, or one drawn by the seed."""

import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tests.train.conftest import picture, small
from vidstyle.errors import InputError, StyleError
from vidstyle.media.images import read_image, write_image
from vidstyle.models import download, weights
from vidstyle.progress import silent
from vidstyle.train.data.cache import ImageCache, open_cache
from vidstyle.train.data.style_image import choose_style_image
from vidstyle.train.stage import run

CPU = torch.device("cpu")


def _cache(tmp_path: Path, brightnesses: list[int]) -> ImageCache:
    paths = []
    for number, brightness in enumerate(brightnesses):
        paths.append(tmp_path / "frames" / f"{number}.png")
        flat = picture(1, flat=True) // 4
        write_image(paths[-1], (flat + brightness).astype(np.uint8))
    return open_cache(paths, 40, tmp_path / "cache", lambda done, total: None)


def test_central_is_a_typical_frame_wherever_it_stands(tmp_path: Path, random_vgg16: Path) -> None:
    chosen = set()
    for number, brightnesses in enumerate(([100, 106, 112, 0], [0, 100, 106, 112], [112, 0, 106, 100])):
        cache = _cache(tmp_path / str(number), brightnesses)
        chosen.add(brightnesses[choose_style_image("central", cache, 0, str(random_vgg16), CPU)])
    assert len(chosen) == 1
    assert chosen != {0}


def test_random_is_drawn_by_the_seed_without_any_network(tmp_path: Path) -> None:
    cache = _cache(tmp_path, [0, 60, 120, 180])
    drawn = [choose_style_image("random", cache, seed, "", CPU) for seed in range(30)]
    assert set(drawn) == {0, 1, 2, 3}
    assert drawn == [choose_style_image("random", cache, seed, "", CPU) for seed in range(30)]


def test_a_named_file_is_learnt_from_and_needs_no_folder_of_frames(
    dataset: Path, tmp_path: Path, random_vgg16: Path
) -> None:
    frame = tmp_path / "frame.png"
    write_image(frame, picture(9, flat=True))
    for path in (dataset / "trainB").iterdir():
        path.unlink()
    settings = small(method="rt", style_image=str(frame), vgg16=str(random_vgg16), steps=2)
    result = run(dataset, tmp_path / "runs", settings, silent)
    assert result.counts == {"photos": 5, "paintings": 1, "steps": 2}
    assert result.details == {"style_image": "frame.png"}
    assert json.loads((tmp_path / "runs" / "rt" / "manifest.json").read_text())["details"] == result.details
    assert read_image(tmp_path / "runs" / "rt" / "style_image.png").shape == (40, 48, 3)


def test_a_file_that_is_not_there_is_named(dataset: Path, tmp_path: Path) -> None:
    settings = small(method="rt", style_image="nowhere.png")
    with pytest.raises(InputError) as caught:
        run(dataset, tmp_path, settings, silent)
    assert str(caught.value) == "There is no image nowhere.png. Give --style-image a file, central or random."


def test_weights_of_another_network_are_refused(dataset: Path, tmp_path: Path) -> None:
    torch.save({"features.0.weight": torch.ones(2)}, tmp_path / "wrong.pth")
    settings = small(method="rt", vgg16=str(tmp_path / "wrong.pth"))
    with pytest.raises(StyleError) as caught:
        run(dataset, tmp_path, settings, silent)
    assert str(caught.value) == (
        f"The file {tmp_path / 'wrong.pth'} does not hold the weights vgg16. Remove it or give vgg16-397923af.pth."
    )


def test_missing_weights_are_fetched_where_they_are_published_and_it_is_said(
    dataset: Path, tmp_path: Path, random_vgg16: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = tmp_path / "site" / "vgg16.pth"
    published.parent.mkdir()
    torch.save(load_file(random_vgg16), published)
    checksum = hashlib.sha256(published.read_bytes()).hexdigest()
    row = dataclasses.replace(weights.known_weights("vgg16"), url=published.as_uri(), sha256=checksum)
    monkeypatch.setattr(weights, "KNOWN", (row,))
    monkeypatch.setattr(weights, "folders", lambda: (tmp_path / "cache",))
    monkeypatch.setattr(download, "folders", weights.folders)
    phases = []
    run(dataset, tmp_path, small(method="rt", steps=1), lambda progress: phases.append(progress.phase))
    assert "downloading vgg16" in phases
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["vgg16-397923af.pth"]
