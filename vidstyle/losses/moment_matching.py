"""Matching the distributions of features by their moments (Kalischek, Wegner and Schindler, 2021)."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

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
