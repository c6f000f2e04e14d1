"""Random changes to what discriminators see, so that they cannot learn few frames by heart (DiffAugment; Zhao et al., 2020).

Every change is differentiable. All are milder than in the paper, since a style consists of colours and outlines.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from vidstyle.train.distributed import count, own_rows

BRIGHTNESS, SATURATION, CONTRAST = 0.25, 0.5, 0.25
"""Largest shift of images in [-1, 1], and largest deviations of the two factors from 1."""
TRANSLATION, CUTOUT = 1 / 8, 1 / 4
"""Largest shift, and side of the square that is blanked, in sides of the image."""


def augment(images: Tensor, kinds: Sequence[str], random: torch.Generator) -> Tensor:
    """Return (n, 3, h, w) images in about [-1, 1], each changed in its own way by every one of `kinds`, names in KINDS.

    `random` is a generator on the CPU, in the same state in all processes of a run.
    """
    for kind in kinds:
        images = KINDS[kind](images, random)
    return images


def _draw(images: Tensor, random: torch.Generator) -> Tensor:
    """Return two numbers in [-1, 1) for each image, on the CPU, by its position in the batch of all processes."""
    return own_rows(torch.rand(len(images) * count(), 2, generator=random)) * 2 - 1


def _colour(images: Tensor, random: torch.Generator) -> Tensor:
    shift, saturation = (_draw(images, random).to(images.device)[:, :, None, None, None] for _ in range(2))
    grey = images.mean(1, keepdim=True)
    images = grey + (images - grey) * (1 + SATURATION * saturation[:, 0])
    mean = images.mean((1, 2, 3), keepdim=True)
    return mean + (images - mean) * (1 + CONTRAST * saturation[:, 1]) + BRIGHTNESS * shift[:, 0]


def _translation(images: Tensor, random: torch.Generator) -> Tensor:
    height, width = images.shape[2:]
    margins = (round(height * TRANSLATION), round(width * TRANSLATION))
    padded = functional.pad(images, (margins[1], margins[1], margins[0], margins[0]))
    windows = []
    for image, (down, right) in zip(padded, _draw(images, random).tolist(), strict=True):
        top, left = round(margins[0] * (1 + down)), round(margins[1] * (1 + right))
        windows.append(image[:, top : top + height, left : left + width])
    return torch.stack(windows)


def _cutout(images: Tensor, random: torch.Generator) -> Tensor:
    height, width = images.shape[2:]
    mask = torch.ones(len(images), 1, height, width)
    for image_mask, (down, right) in zip(mask, _draw(images, random).tolist(), strict=True):
        top, left = round((down + 1) / 2 * height * (1 - CUTOUT)), round((right + 1) / 2 * width * (1 - CUTOUT))
        image_mask[:, top : top + round(height * CUTOUT), left : left + round(width * CUTOUT)] = 0
    return images * mask.to(images.device)


KINDS = {"colour": _colour, "translation": _translation, "cutout": _cutout}
"""The changes by the names that `--augment` takes."""
