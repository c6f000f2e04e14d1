"""A record that is cut off, overwritten or edited is named or made again: nothing that vidstyle wrote leads to a traceback."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.train.conftest import picture, small
from vidstyle.errors import InputError, VidstyleError
from vidstyle.evaluate.runs import open_run
from vidstyle.extract.manifest import Manifest
from vidstyle.extract.staging import Staging
from vidstyle.files import write_json
from vidstyle.media.images import write_image
from vidstyle.progress import silent
from vidstyle.render.resume import FORMAT, find_earlier_work
from vidstyle.render.work_folder import RenderFolder
from vidstyle.run_folder import RunFolder, read_log
from vidstyle.train.data.cache import open_cache
from vidstyle.train.data.dataset import Dataset, open_dataset
from vidstyle.train.log import RunWarnings
from vidstyle.train.resume_checks import added_images, record_images, refuse_other_settings

DAMAGED = [
    b"",
    b"\xff\xfe\xb7",
    bytes(40),
    b"{",
    b"null",
    b"5",
    b"[1]",
    b'["x"]',
    b'{"sources": [5]}',
    b'{"photos": 5, "inputs": [], "entry": []}',
    b'{"photos": {"images": [[1]]}, "inputs": ["a"], "counts": 5, "method": "cut", "load": []}',
    f'{{"format": {FORMAT}}}'.encode(),
    f'{{"format": {FORMAT}, "made_of": {{"settings": 5}}, "resolved": 5}}'.encode(),
    b"[" * 5000,
]


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    """A dataset of two photos and two paintings."""
    for number in range(4):
        name = f"{number}.png"
        write_image(tmp_path / "dataset" / ("trainA", "trainB")[number % 2] / name, picture(number, False))
    return open_dataset(tmp_path / "dataset", small(), silent)


def _readers(folder: RunFolder, dataset: Dataset) -> dict[Path, Callable[[], Any]]:
    """Return for each record of a run what reads it."""
    return {
        folder.settings: lambda: (open_run(folder.path), refuse_other_settings(folder, small())),
        folder.manifest: lambda: open_run(folder.path).manifest,
        folder.images: lambda: added_images(folder, small(), dataset),
        folder.warnings: lambda: RunWarnings(folder.warnings, 9, silent),
        folder.path / "frames" / "manifest.json": lambda: Manifest.read(folder.path / "frames"),
    }


def test_a_damaged_record_of_a_run_is_named(tmp_path: Path, dataset: Dataset) -> None:
    folder = RunFolder(tmp_path / "runs" / "run")
    write_json(folder.settings, small().record())
    write_json(folder.manifest, {"inputs": ["dataset"], "seconds": 1.0, "counts": {"steps": 2}})
    write_json(folder.warnings, [{"step": 1, "kind": "a", "text": "b"}])
    write_json(folder.path / "frames" / "manifest.json", {"sources": []})
    record_images(folder, dataset)
    folder.style.touch()
    for path, read in _readers(folder, dataset).items():
        read()
        whole = path.read_bytes()
        for damaged in [*DAMAGED, whole[: len(whole) // 2], whole.replace(b'"', b"\xb7", 3)]:
            path.write_bytes(damaged)
            try:
                read()
            except VidstyleError as error:
                assert str(folder.path) in str(error)
            except Exception as error:
                pytest.fail(f"{path.name} of {damaged[:60]!r}: {error!r}")
        path.write_bytes(whole)


def test_a_damaged_index_of_a_cache_is_made_again(tmp_path: Path, dataset: Dataset) -> None:
    images = sorted((tmp_path / "dataset" / "trainA").glob("*.png"))
    cache = open_cache(images, 40, tmp_path / "cache", lambda done, total: None)
    for damaged in DAMAGED:
        (tmp_path / "cache" / "index.json").write_bytes(damaged)
        again = open_cache(images, 40, tmp_path / "cache", lambda done, total: None)
        assert again.names == cache.names
        assert np.array_equal(again.pixels, cache.pixels)
    index = json.loads((tmp_path / "cache" / "index.json").read_text())
    write_json(tmp_path / "cache" / "index.json", index | {"images": [{}]})
    with pytest.raises(InputError, match=r"is damaged.* Remove the folder .*cache: it is made again"):
        open_cache(images, 40, tmp_path / "cache", lambda done, total: None)


def test_a_damaged_record_of_a_render_or_an_episode_is_not_used(tmp_path: Path) -> None:
    render, staging = RenderFolder(tmp_path / "film.mp4", ".mp4"), Staging(tmp_path / "staging")
    render.path.mkdir()
    staging.folder.mkdir()
    for damaged in DAMAGED:
        render.manifest.write_bytes(damaged)
        earlier = find_earlier_work(render, {"settings": {"segment": 2}, "versions": {}}, restart=False)
        assert earlier.not_used_because and not earlier.segments
        (staging.folder / "film.json").write_bytes(damaged)
        assert not staging.clear_unfinished()


def test_damaged_rows_of_a_log_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_bytes(b"step,loss\n1,0.5\n2,0\xff\xfe5\nx,1\n,2\n3,0.25\n4,0.")
    assert read_log(tmp_path / "log.csv") == [{"step": 1, "loss": 0.5}, {"step": 3, "loss": 0.25}]
