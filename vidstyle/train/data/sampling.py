"""Every random draw of a training run, as a function of the seed and the step: a resumed run draws what a straight one does."""

import numpy as np
import torch
from torch import Tensor

from vidstyle.train.data.cache import ImageCache
from vidstyle.train.data.dataset import Dataset
from vidstyle.train.distributed import own_rows

_SHUFFLE, _CROP, _METHOD, _WITHIN_SHOT = range(4)
_PHOTOS, _PAINTINGS = range(2)


def _random(*key: int) -> np.random.Generator:
    return np.random.default_rng(key)


def step_generator(seed: int, step: int) -> torch.Generator:
    """Return the generator of every draw of `step` but the images', such as patch positions, on the CPU."""
    return torch.Generator().manual_seed(int(_random(seed, _METHOD, step).integers(2**62)))


def whole(cache: ImageCache, index: int) -> Tensor:
    """Return image `index` of a cache, (1, 3, h, w) uint8."""
    return torch.from_numpy(cache.image(index).copy()).permute(2, 0, 1)[None]


def _each_alone(cache: ImageCache) -> list[list[int]]:
    return [[number] for number in range(len(cache))]


def _by_shot(cache: ImageCache) -> list[list[int]]:
    """Return the numbers of the images of each shot; an image whose shot is not known is one of its own."""
    shots: dict[str, list[int]] = {}
    for number, shot in enumerate(cache.shots):
        shots.setdefault(shot or f"image {number}", []).append(number)
    return list(shots.values())


class PhotoSequence:
    """Draws one photo after the other, whole, for `steps` steps each, beside the one painting `style_image`."""

    def __init__(self, dataset: Dataset, *, steps: int, style_image: int) -> None:
        self.dataset, self.steps, self.style_image = dataset, steps, style_image

    def images(self, step: int) -> tuple[Tensor, Tensor]:
        """Return the photo of `step` and the painting, (1, 3, h, w) uint8 each."""
        return whole(self.dataset.photos, step // self.steps), whole(self.dataset.paintings, self.style_image)


class BatchSampler:
    """Draws the batches of a run: every image of a side once before any of them again, random crops, mirrored at random.

    With `style_image`, the number of a painting, that one is drawn each time, whole. With `balance_shots` every shot
    of the paintings is drawn from once before any of them again, and every image of a shot before any other of it.
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
        paintings = _by_shot(dataset.paintings) if balance_shots else _each_alone(dataset.paintings)
        self.groups = (_each_alone(dataset.photos), paintings)

    def images(self, step: int) -> tuple[Tensor, Tensor]:
        """Return this process's share of photos and paintings of `step`, (batch, 3, crop, crop) uint8 each, channels last."""
        photos, paintings = self.dataset.photos, self.dataset.paintings
        if self.style_image is not None:
            return self._side(photos, _PHOTOS, step), whole(paintings, self.style_image)
        return self._side(photos, _PHOTOS, step), self._side(paintings, _PAINTINGS, step)

    def _side(self, cache: ImageCache, side: int, step: int) -> Tensor:
        random = _random(self.seed, _CROP, side, step)
        places = range(step * self.batch, (step + 1) * self.batch)
        crops = [self._crop(cache.image(self._index(side, place)), random) for place in places]
        return own_rows(torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2))

    def _index(self, side: int, place: int) -> int:
        groups = self.groups[side]
        turn, position = divmod(place, len(groups))
        number = int(_random(self.seed, _SHUFFLE, side, turn).permutation(len(groups))[position])
        cycle, within = divmod(turn, len(groups[number]))
        order = _random(self.seed, _WITHIN_SHOT, side, number, cycle).permutation(len(groups[number]))
        return groups[number][int(order[within])]

    def _crop(self, image: np.ndarray, random: np.random.Generator) -> np.ndarray:
        top = int(random.integers(image.shape[0] - self.crop + 1))
        left = int(random.integers(image.shape[1] - self.crop + 1))
        window = image[top : top + self.crop, left : left + self.crop]
        mirrored = self.flip and random.random() < 0.5
        return np.ascontiguousarray(window[:, ::-1] if mirrored else window)
