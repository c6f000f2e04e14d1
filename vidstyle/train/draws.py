"""Every random draw of a training run, as a function of the seed and the step: a resumed run draws what a straight one does."""

import numpy as np
import torch
from torch import Tensor

from vidstyle.train.cache import ImageCache
from vidstyle.train.dataset import Dataset

_SHUFFLE, _CROP, _PATCHES = range(3)
_PHOTOS, _PAINTINGS = range(2)


def _random(*key: int) -> np.random.Generator:
    return np.random.default_rng(key)


class Draws:
    """Draws the batches of a run: every image of a side once before any of them again, random crops, mirrored at random."""

    def __init__(self, dataset: Dataset, *, batch: int, crop: int, flip: bool, seed: int) -> None:
        self.dataset, self.batch, self.crop, self.flip, self.seed = dataset, batch, crop, flip, seed

    def images(self, step: int) -> tuple[Tensor, Tensor]:
        """Return photos and paintings of `step`, (batch, 3, crop, crop) uint8 each."""
        return (
            self._side(self.dataset.photos, _PHOTOS, step),
            self._side(self.dataset.paintings, _PAINTINGS, step),
        )

    def patch_generator(self, step: int) -> torch.Generator:
        """Return the generator that draws the patch positions of `step`, on the CPU."""
        seed = int(_random(self.seed, _PATCHES, step).integers(2**62))
        return torch.Generator().manual_seed(seed)

    def _side(self, cache: ImageCache, side: int, step: int) -> Tensor:
        random = _random(self.seed, _CROP, side, step)
        places = range(step * self.batch, (step + 1) * self.batch)
        crops = [self._crop(cache.image(self._index(cache, side, place)), random) for place in places]
        return torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2)

    def _index(self, cache: ImageCache, side: int, place: int) -> int:
        epoch, position = divmod(place, len(cache))
        return int(_random(self.seed, _SHUFFLE, side, epoch).permutation(len(cache))[position])

    def _crop(self, image: np.ndarray, random: np.random.Generator) -> np.ndarray:
        top = int(random.integers(image.shape[0] - self.crop + 1))
        left = int(random.integers(image.shape[1] - self.crop + 1))
        window = image[top : top + self.crop, left : left + self.crop]
        mirrored = self.flip and random.random() < 0.5
        return np.ascontiguousarray(window[:, ::-1] if mirrored else window)
