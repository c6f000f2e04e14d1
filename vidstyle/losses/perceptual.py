"""Losses on features of a fixed network: content, Gram matrices, and central moments."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional


def content_loss(features: Tensor, targets: Tensor) -> Tensor:
    """Return the mean squared difference of two feature maps of one shape (eq. 2); fp32 scalar."""
    return functional.mse_loss(features.float(), targets.float())


def gram_matrix(features: Tensor) -> Tensor:
    """Return the Gram matrices of feature maps (n, c, h, w), divided by c h w (eq. 3): (n, c, c), fp32."""
    flat = features.float().flatten(2)
    with torch.autocast(flat.device.type, enabled=False):
        return flat @ flat.transpose(1, 2) / (flat.shape[1] * flat.shape[2])


def style_loss(features: Mapping[str, Tensor], targets: Mapping[str, Tensor]) -> Tensor:
    """Return the mean squared differences (eq. 4) of the Gram matrices of `features` to `targets`, (1, c, c) each.

    Summed over layers; fp32 scalar. The authors' code takes the mean over the matrix, the equation prints a sum.
    """
    differences = [gram_matrix(features[name]) - target for name, target in targets.items()]
    return torch.stack([one.square().mean() for one in differences]).sum()


def total_variation(images: Tensor) -> Tensor:
    """Return the mean squared difference of neighbouring pixels of (n, c, h, w), down plus across; fp32 scalar."""
    values = images.float()
    return values.diff(dim=2).square().mean() + values.diff(dim=3).square().mean()


ORDERS = 5
"""How many moments are compared: the mean, and the central moments up to the fifth."""


def moments(features: Tensor) -> list[Tensor]:
    """Return mean and central moments of the features squashed into (0, 1), (c,) fp32 each, over images and places.

    The sigmoid bounds the interval [a, b] of eq. (10) to length 1, so that its powers can be left out.
    """
    values = torch.sigmoid(features.float()).transpose(0, 1).flatten(1)
    mean = values.mean(1, keepdim=True)
    centred = values - mean
    return [mean[:, 0], *(centred.pow(order).mean(1) for order in range(2, ORDERS + 1))]


def central_moment_discrepancy(features: Tensor, targets: Sequence[Tensor]) -> Tensor:
    """Return the sum of the Euclidean distances of each moment to its target, (c,) each (eq. 10); fp32 scalar."""
    pairs = zip(moments(features), targets, strict=True)
    return torch.stack([torch.linalg.vector_norm(one - target) for one, target in pairs]).sum()


def moment_loss(features: Mapping[str, Tensor], targets: Mapping[str, Sequence[Tensor]]) -> Tensor:
    """Return the discrepancies of all layers of `targets`, each divided by the square of its width, times 1000."""
    weighted = [
        central_moment_discrepancy(features[name], target) * 1e3 / len(target[0]) ** 2
        for name, target in targets.items()
    ]
    return torch.stack(weighted).sum()
