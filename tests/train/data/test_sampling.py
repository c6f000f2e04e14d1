"""Draws depend on the seed and the step alone, and use every image equally."""

from collections import Counter
from pathlib import Path

import numpy as np
import torch

from tests.train.conftest import small
from vidstyle.progress import silent
from vidstyle.train.data.cache import ImageCache
from vidstyle.train.data.dataset import Dataset, open_dataset
from vidstyle.train.data.sampling import BatchSampler, step_generator


def _numbered(count: int, shots: tuple[str, ...] = ()) -> ImageCache:
    pixels = np.repeat(np.arange(count, dtype=np.uint8), 40 * 48 * 3)
    offsets = tuple(number * 40 * 48 * 3 for number in range(count))
    names, unknown = tuple(map(str, range(count))), ("",) * count
    return ImageCache(pixels, offsets, ((40, 48),) * count, names, shots or unknown, unknown)


def _draws(seed: int = 0) -> BatchSampler:
    return BatchSampler(Dataset(_numbered(5), _numbered(3), _numbered(0)), batch=2, crop=32, flip=True, seed=seed)


def test_every_image_is_drawn_once_before_any_again() -> None:
    photos = [int(crop[0, 0, 0]) for step in range(10) for crop in _draws().images(step)[0]]
    assert Counter(photos) == dict.fromkeys(range(5), 4)
    assert sorted(photos[:5]) == list(range(5))


def test_a_step_draws_the_same_whatever_was_drawn_before() -> None:
    straight = _draws()
    for step in range(3):
        straight.images(step)
    assert all(torch.equal(*pair) for pair in zip(straight.images(3), _draws().images(3), strict=True))
    assert torch.equal(*(torch.rand(4, generator=step_generator(0, 7)) for _ in range(2)))


def test_crops_come_in_the_layout_that_networks_learn_in() -> None:
    assert all(crops.is_contiguous(memory_format=torch.channels_last) for crops in _draws().images(0))


def test_another_seed_draws_otherwise() -> None:
    def photos(draws: BatchSampler) -> list[int]:
        return [int(crop[0, 0, 0]) for step in range(5) for crop in draws.images(step)[0]]

    assert photos(_draws(0)) != photos(_draws(1))


def test_crops_are_windows_of_the_scaled_image(dataset: Path) -> None:
    images = open_dataset(dataset, small(), silent)
    crop = BatchSampler(images, batch=1, crop=32, flip=False, seed=0).images(0)[0][0].permute(1, 2, 0).numpy()
    windows = [
        images.photos.image(index)[top : top + 32, left : left + 32]
        for index in range(5)
        for top in range(images.photos.shapes[index][0] - 31)
        for left in range(images.photos.shapes[index][1] - 31)
    ]
    assert any(np.array_equal(crop, window) for window in windows)


def test_a_long_shot_is_drawn_from_no_more_often_than_a_short_one_if_asked() -> None:
    shots = ("long",) * 6 + ("short", "", "")
    dataset = Dataset(_numbered(2), _numbered(9, shots), _numbered(0))
    draws = BatchSampler(dataset, batch=4, crop=32, flip=False, seed=0, balance_shots=True)
    drawn = [int(crop[0, 0, 0]) for step in range(24) for crop in draws.images(step)[1]]
    assert Counter(map(_shot_of, drawn)) == dict.fromkeys((5, 6, 7, 8), 24)
    assert Counter(number for number in drawn if number < 6) == dict.fromkeys(range(6), 4)
    assert len({tuple(sorted(map(_shot_of, drawn[place : place + 4]))) for place in range(0, 96, 4)}) == 1


def _shot_of(number: int) -> int:
    """Return 5 for every image of the long shot, and the number of any other."""
    return max(number, 5)
