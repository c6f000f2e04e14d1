"""Crops of many pictures at one scale: what the distances on VGG16 features are measured on."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import cycle, islice

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from vidstyle.networks.vgg import VGG16Features
from vidstyle.pixels import as_tensor, to_floats

BATCH = 32


def scaled(rgb: np.ndarray, short_side: int) -> Tensor:
    """Return an (h, w, 3) uint8 picture as (1, 3, h', w') floats in [0, 1], its shorter side `short_side` pixels."""
    image = to_floats(as_tensor(rgb[None]))
    factor = short_side / min(image.shape[-2:])
    size = [max(short_side, round(side * factor)) for side in image.shape[-2:]]
    return functional.interpolate(image, size=size, mode="bilinear", antialias=True).clamp(0, 1)


def draw_crops(pictures: Sequence[Tensor], count: int, side: int, seed: int) -> Tensor:
    """Return (count, 3, side, side) crops, drawn in turn from all pictures at positions that only `seed` decides."""
    return torch.cat(list(crops_of(islice(cycle(pictures), count), side, seed)))


def crops_of(pictures: Iterable[Tensor], side: int, seed: int) -> Iterator[Tensor]:
    """Yield one crop (1, 3, side, side), at a random position, of each picture (1, 3, h, w); no picture is held on to."""
    generator = np.random.default_rng(seed)
    for picture in pictures:
        top, left = (int(generator.integers(size - side + 1)) for size in picture.shape[-2:])
        yield picture[..., top : top + side, left : left + side].clone()


def join_halves(even: np.ndarray, odd: np.ndarray) -> np.ndarray:
    """Return a target's features, (n, d): half of those of its even pictures and half of those of its odd ones, both (n, d)."""
    return np.concatenate((even[: len(even) // 2], odd[len(odd) // 2 :]))


@torch.inference_mode()
def crop_features(network: VGG16Features, crops: Tensor) -> np.ndarray:
    """Return (n, 512) features of (n, 3, s, s) crops, the mean of relu5_3 over each, on the network's device and dtype."""
    weight = network.features[0].weight
    parts = [network(part.to(weight.device, weight.dtype))["relu5_3"] for part in crops.split(BATCH)]
    return torch.cat([part.float().mean(dim=(2, 3)) for part in parts]).cpu().numpy()
