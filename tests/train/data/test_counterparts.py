"""Flattened photos and edge-smoothed frames are computed once, and cropped as what they are counterparts of."""

import dataclasses
import sys
import time
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch

from tests.train.conftest import picture, small
from vidstyle.analysis.edge_smoothing import smooth_edges
from vidstyle.analysis.flatten import flatten
from vidstyle.media.images import write_image
from vidstyle.progress import Progress, silent
from vidstyle.train.data.cache import ImageCache
from vidstyle.train.data.counterparts import Counterpart, _build
from vidstyle.train.data.dataset import Dataset, open_dataset
from vidstyle.train.data.sampling import BatchSampler
from vidstyle.train.stage import run

CARTOON = small(method="cartoon")
WORK = {"flattening photos": 5, "smoothing edges of paintings": 3}


def phases(dataset: Path) -> dict[str, int]:
    """Open the dataset for the method `cartoon` and return how often it told of each phase."""
    told: list[str] = []

    def note(progress: Progress) -> None:
        told.append(progress.phase)

    open_dataset(dataset, CARTOON, note)
    return {phase: told.count(phase) for phase in told}


def test_counterparts_are_the_flattened_photos_and_the_frames_with_smooth_edges(dataset: Path) -> None:
    images = open_dataset(dataset, CARTOON, silent)
    for cache, make in ((images.photos, flatten), (images.paintings, smooth_edges)):
        for number in range(len(cache)):
            image, counterpart = cache.with_counterpart(number)
            assert np.array_equal(image, cache.image(number))
            assert np.array_equal(counterpart, make(image.copy()))


def test_they_are_computed_once_and_again_where_images_change(dataset: Path) -> None:
    assert phases(dataset).items() >= WORK.items()
    assert not phases(dataset)
    write_image(dataset / "trainA" / "new.png", picture(9, False))
    assert phases(dataset) == {"caching photos": 6, "flattening photos": 6}
    assert len(open_dataset(dataset, CARTOON, silent).photos.with_counterpart(5)) == 2


def test_they_are_computed_again_where_the_way_changes(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_dataset(dataset, CARTOON, silent)
    monkeypatch.setattr("vidstyle.train.data.counterparts._VERSION", 2)
    assert phases(dataset) == WORK


def test_other_methods_neither_compute_nor_see_them(dataset: Path) -> None:
    images = open_dataset(dataset, small(), silent)
    assert len(images.photos.with_counterpart(0)) == 1
    assert not list((dataset / ".cache").rglob("flattened*")) + list((dataset / ".cache").rglob("smooth-edges*"))


def test_they_serve_when_the_photos_are_gone(dataset: Path) -> None:
    before = open_dataset(dataset, CARTOON, silent).photos.with_counterpart(0)[1].copy()
    (dataset / "trainA").rename(dataset / "away")
    assert np.array_equal(open_dataset(dataset, CARTOON, silent).photos.with_counterpart(0)[1], before)


def _sampler(images: Dataset) -> BatchSampler:
    return BatchSampler(images, batch=2, crop=32, flip=True, seed=0)


def test_pairs_are_cropped_and_mirrored_alike(dataset: Path) -> None:
    images = open_dataset(dataset, CARTOON, silent)
    photos = dataclasses.replace(images.photos, counterpart_pixels=255 - np.asarray(images.photos.pixels))
    crops, _ = _sampler(dataclasses.replace(images, photos=photos)).images(0)
    assert crops.shape == (2, 6, 32, 32)
    assert crops.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(crops[:, 3:], 255 - crops[:, :3])


def test_the_images_are_those_that_are_drawn_without_counterparts(dataset: Path) -> None:
    alone, paired = (open_dataset(dataset, small(method=method), silent) for method in ("cut", "cartoon"))
    for step in range(4):
        for one, other in zip(_sampler(alone).images(step), _sampler(paired).images(step), strict=True):
            assert torch.equal(one, other[:, :3])


def test_once_computed_they_need_no_opencv(dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_dataset(dataset, CARTOON, silent)
    for module in ("cv2", "vidstyle.analysis.flatten", "vidstyle.analysis.edge_smoothing"):
        monkeypatch.setitem(sys.modules, module, None)
    run(dataset, tmp_path, dataclasses.replace(CARTOON, steps=1), silent)
    assert (tmp_path / "cartoon" / "style.safetensors").is_file()


def test_ctrl_c_waits_for_no_more_than_what_is_under_way(tmp_path: Path) -> None:
    class Images:
        def __len__(self) -> int:
            return 10_000

        def image(self, number: int) -> np.ndarray:
            return np.zeros((2, 2, 3), np.uint8)

    made: list[int] = []

    def make(image: np.ndarray) -> np.ndarray:
        time.sleep(0.001)
        made.append(1)
        return image

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _build(cast(ImageCache, Images()), tmp_path / "made.u8", Counterpart("made", "", make), interrupt)
    assert len(made) < 5_000 and not list(tmp_path.iterdir())
