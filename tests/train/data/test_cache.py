"""The cache scales once, notices changed images, and outlives them."""

from pathlib import Path

import numpy as np
import pytest

from tests.train.conftest import small
from vidstyle.media.images import write_image
from vidstyle.progress import Progress, silent
from vidstyle.train.data.cache import scale_to_short_side
from vidstyle.train.data.dataset import dataset_warnings, open_dataset


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
    halves = np.repeat(np.array([9, 200], np.uint8), 30)[None, :, None]
    write_image(dataset / "trainA" / "0.png", np.broadcast_to(halves, (50, 60, 3)).copy())
    cache = open_dataset(dataset, small(), note).photos
    assert phases.count("caching photos") == 10
    assert (cache.image(0)[:, :20] == 9).all()
    assert (cache.image(0)[:, -20:] == 200).all()


def test_the_cache_serves_when_the_images_are_gone(dataset: Path) -> None:
    before = open_dataset(dataset, small(), silent).photos.image(2).copy()
    (dataset / "trainA").rename(dataset / "elsewhere")
    found = open_dataset(dataset, small(), silent)
    assert np.array_equal(found.photos.image(2), before)
    assert dataset_warnings(found, small())[0] == (
        f"There is no folder {dataset}/trainA any more: the 5 photos that an earlier run cached are used."
    )


def test_a_style_image_that_is_gone_serves_too(dataset: Path) -> None:
    settings = small(method="rt", style_image=str(dataset / "trainB" / "1.png"))
    before = open_dataset(dataset, settings, silent).paintings.image(0).copy()
    (dataset / "trainB" / "1.png").unlink()
    found = open_dataset(dataset, settings, silent)
    assert np.array_equal(found.paintings.image(0), before)
    assert (
        f"There is no image {dataset}/trainB/1.png any more: what an earlier run cached is used."
        in dataset_warnings(found, settings)
    )


def test_a_cache_of_another_way_of_decoding_is_made_anew(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_dataset(dataset, small(), silent)
    monkeypatch.setattr("vidstyle.train.data.cache._DECODING_VERSION", 3)
    phases: list[str] = []
    open_dataset(dataset, small(), lambda progress: phases.append(progress.phase))
    assert phases.count("caching photos") == 5


def test_what_a_killed_process_left_of_a_cache_goes_when_it_is_made(dataset: Path) -> None:
    open_dataset(dataset, small(), silent)
    (folder,) = (dataset / ".cache").glob("photos-*")
    (folder / "index.json").unlink()
    left = folder / ".pixels.partial-999999999.u8"
    left.write_bytes(b"half")
    open_dataset(dataset, small(), silent)
    assert sorted(path.name for path in folder.iterdir()) == ["index.json", "pixels.u8"]
