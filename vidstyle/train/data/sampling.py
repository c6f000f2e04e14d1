"""The batches of a run. Every random draw is a function of the seed and the step, so a resumed run draws as a straight one."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from vidstyle.pixels import to_planes
from vidstyle.train.data.cache import ImageCache
from vidstyle.train.data.dataset import Dataset
from vidstyle.train.distributed import own_rows
from vidstyle.train.settings import TrainSettings

_SHUFFLE, _CROP, _METHOD, _WITHIN_SHOT = range(4)
"""Keys that keep the kinds of random draws apart."""
_PHOTOS, _PAINTINGS = range(2)


class Batches(Protocol):
    """Draws what a step learns from."""

    def images(self, step: int) -> tuple[Tensor, Tensor]:
        """Return photos and paintings of `step`, (n, 3, h, w) uint8 each, channels last in memory.

        Where images have counterparts there are six channels: three of the image, then three of its counterpart.
        """
        ...


def open_batches(dataset: Dataset, settings: TrainSettings, style_image: int | None) -> Batches:
    """Return the batches of a run, by what its method learns from; `style_image` is the number of a painting."""
    if settings.leaves == "pictures":
        assert settings.steps is not None and style_image is not None
        return PhotoSequence(dataset, steps=settings.steps, style_image=style_image)
    if settings.leaves == "look":
        # A look is learnt from the style image alone: its crops take the place of photos.
        assert style_image is not None
        image = dataset.paintings.part([style_image])
        dataset, style_image = replace(dataset, photos=image, paintings=image), 0
    return BatchSampler(
        dataset,
        batch=settings.batch,
        crop=settings.crop,
        flip=settings.flip,
        seed=settings.seed,
        style_image=style_image,
        balance_shots=bool(settings.balance_shots),
    )


def step_generator(seed: int, step: int) -> torch.Generator:
    """Return the generator, on the CPU, of every draw of `step` but those of images: patch positions, for example."""
    return torch.Generator().manual_seed(int(_random(seed, _METHOD, step).integers(2**62)))


class PhotoSequence:
    """Whole photos, one after the other, for `steps` steps each, beside the one painting `style_image`."""

    def __init__(self, dataset: Dataset, *, steps: int, style_image: int) -> None:
        self.dataset, self.steps, self.style_image = dataset, steps, style_image

    def images(self, step: int) -> tuple[Tensor, Tensor]:
        """Return the photo of `step` and the painting, (1, 3, h, w) uint8 each."""
        photo, painting = self.dataset.photos.image(step // self.steps), self.dataset.paintings.image(self.style_image)
        return to_planes(photo), to_planes(painting)


class BatchSampler:
    """Random crops of the images of both sides; every image of a side is drawn once before any of them again.

    With `style_image`, the number of a painting, that one is drawn each time, whole. With `balance_shots` every shot of
    the paintings is drawn from once before any shot again; within a shot every image comes once before any image again.
    """

    def __init__(
        self,
        dataset: Dataset,
        *,
        batch: int,
        crop: int,
        flip: bool,
        seed: int,
        style_image: int | None = None,
        balance_shots: bool = False,
    ) -> None:
        self.dataset, self.batch, self.crop, self.flip, self.seed = dataset, batch, crop, flip, seed
        self.style_image = style_image
        paintings = _by_shot(dataset.domain_b) if balance_shots else _each_alone(dataset.domain_b)
        self.groups = (_each_alone(dataset.photos), paintings)

    def images(self, step: int) -> tuple[Tensor, Tensor]:
        """Return this process's share of photos and paintings of `step`, (batch, 3, crop, crop) uint8 each, channels last.

        Six channels where images have counterparts, from which the same windows are cut.
        """
        photos, paintings = self.dataset.photos, self.dataset.domain_b
        if self.style_image is not None:
            return self._crops(photos, _PHOTOS, step), to_planes(paintings.image(self.style_image))
        return self._crops(photos, _PHOTOS, step), self._crops(paintings, _PAINTINGS, step)

    def _crops(self, cache: ImageCache, side: int, step: int) -> Tensor:
        random = _random(self.seed, _CROP, side, step)
        draws = range(step * self.batch, (step + 1) * self.batch)
        crops = [self._crop(cache.with_counterpart(self._index(side, draw)), random) for draw in draws]
        return own_rows(torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2))

    def _index(self, side: int, draw: int) -> int:
        """Return the number of the image that the `draw`-th draw of a side takes, counted from 0 over the whole run."""
        groups = self.groups[side]
        turn, position = divmod(draw, len(groups))
        number = int(_random(self.seed, _SHUFFLE, side, turn).permutation(len(groups))[position])
        cycle, within = divmod(turn, len(groups[number]))
        order = _random(self.seed, _WITHIN_SHOT, side, number, cycle).permutation(len(groups[number]))
        return groups[number][int(order[within])]

    def _crop(self, pictures: Sequence[np.ndarray], random: np.random.Generator) -> np.ndarray:
        """Return the same window of pictures of one size, (crop, crop, 3 for each picture), mirrored half of the time."""
        height, width = pictures[0].shape[:2]
        top = int(random.integers(height - self.crop + 1))
        left = int(random.integers(width - self.crop + 1))
        windows = [picture[top : top + self.crop, left : left + self.crop] for picture in pictures]
        window = windows[0] if len(windows) == 1 else np.concatenate(windows, axis=2)
        mirrored = self.flip and random.random() < 0.5
        return np.ascontiguousarray(window[:, ::-1] if mirrored else window)


def _random(*key: int) -> np.random.Generator:
    return np.random.default_rng(key)


def _each_alone(cache: ImageCache) -> list[list[int]]:
    return [[number] for number in range(len(cache))]


def _by_shot(cache: ImageCache) -> list[list[int]]:
    """Return the numbers of the images of each shot; an image whose shot is unknown forms one of its own."""
    shots: dict[str, list[int]] = {}
    for number, shot in enumerate(cache.shots):
        shots.setdefault(shot or f"image {number}", []).append(number)
    return list(shots.values())
