"""The cache scales once, notices changed images, and outlives them."""

from pathlib import Path

import numpy as np

from tests.train.conftest import small
from vidstyle.progress import Progress, silent
from vidstyle.report.png import write_png
from vidstyle.train.dataset import open_dataset
from vidstyle.train.scaling import scale_to_short_side


def test_images_are_scaled_by_their_short_side_with_their_aspect(dataset: Path) -> None:
    photos = open_dataset(dataset, small(), silent).photos
    assert set(photos.shapes) == {(40, 48)}
    assert photos.names == tuple(f"{number}.png" for number in range(5))


def test_a_flat_image_stays_flat() -> None:
    scaled = scale_to_short_side(np.full((64, 100, 3), 77, np.uint8), 40)
    assert scaled.shape == (40, 62, 3)
    assert np.unique(scaled).tolist() == [77]


def test_images_are_decoded_once_and_again_only_when_they_change(dataset: Path) -> None:
    phases: list[str] = []

    def note(progress: Progress) -> None:
        phases.append(progress.phase)

    for _ in range(2):
        open_dataset(dataset, small(), note)
    assert phases.count("caching photos") == 5
    write_png(dataset / "trainA" / "0.png", np.full((50, 60, 3), 9, np.uint8))
    cache = open_dataset(dataset, small(), note).photos
    assert phases.count("caching photos") == 10
    assert (cache.image(0) == 9).all()


def test_the_cache_serves_when_the_images_are_gone(dataset: Path) -> None:
    before = open_dataset(dataset, small(), silent).photos.image(2).copy()
    (dataset / "trainA").rename(dataset / "elsewhere")
    assert np.array_equal(open_dataset(dataset, small(), silent).photos.image(2), before)
