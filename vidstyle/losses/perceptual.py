"""Losses on the features that a fixed network such as VGG16 finds in images.

Content and style (Gram matrices) are those of Johnson et al. (2016), the basis of RT Transfer. The central moment
discrepancy is that of Kalischek et al. (2021), the basis of CMD Transfer. Equation numbers are those of the two papers.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional

ORDERS = 5
"""How many moments are compared: the mean, and the central moments up to the fifth."""
MOMENT_SCALE = 1e3
"""What the discrepancies of moments are multiplied by, after the division by the square of a layer's width."""


def content_loss(features: Tensor, targets: Tensor) -> Tensor:
    """Return the mean squared difference of two feature maps of one shape (Johnson eq. 2); fp32 scalar."""
    return functional.mse_loss(features.float(), targets.float())


def gram_matrix(features: Tensor) -> Tensor:
    """Return the Gram matrices of feature maps (n, c, h, w), divided by c h w (Johnson eq. 3): (n, c, c), fp32."""
    flat = features.float().flatten(2)
    with torch.autocast(flat.device.type, enabled=False):
        return flat @ flat.transpose(1, 2) / (flat.shape[1] * flat.shape[2])


def style_loss(features: Mapping[str, Tensor], targets: Mapping[str, Tensor]) -> Tensor:
    """Return the mean squared differences (Johnson eq. 4) of the Gram matrices of `features` to `targets`, (1, c, c) each.

    Summed over layers; fp32 scalar. The authors' code takes the mean over the matrix, the equation prints a sum.
    """
    differences = [gram_matrix(features[layer]) - target for layer, target in targets.items()]
    return torch.stack([difference.square().mean() for difference in differences]).sum()


def total_variation(images: Tensor) -> Tensor:
    """Return the mean squared difference of neighbouring pixels of (n, c, h, w), down plus across; fp32 scalar."""
    values = images.float()
    return values.diff(dim=2).square().mean() + values.diff(dim=3).square().mean()


def moments(features: Tensor) -> list[Tensor]:
    """Return mean and central moments of features (n, c, h, w) squashed into (0, 1), (c,) fp32 each, over all n, h and w.

    The sigmoid bounds the interval [a, b] of Kalischek eq. (10) to length 1, so that its powers can be left out.
    """
    values = torch.sigmoid(features.float()).transpose(0, 1).flatten(1)
    mean = values.mean(1, keepdim=True)
    centred = values - mean
    return [mean[:, 0], *(centred.pow(order).mean(1) for order in range(2, ORDERS + 1))]


def central_moment_discrepancy(features: Tensor, targets: Sequence[Tensor]) -> Tensor:
    """Return the sum of the Euclidean distances of each moment to its target, (c,) each (Kalischek eq. 10); fp32 scalar."""
    pairs = zip(moments(features), targets, strict=True)
    return torch.stack([torch.linalg.vector_norm(moment - target) for moment, target in pairs]).sum()


def moment_loss(features: Mapping[str, Tensor], targets: Mapping[str, Sequence[Tensor]]) -> Tensor:
    """Return the discrepancies of all layers of `targets`, each divided by the square of its width, times 1000."""
    weighted = [
        central_moment_discrepancy(features[layer], target) * MOMENT_SCALE / len(target[0]) ** 2
        for layer, target in targets.items()
    ]
    return torch.stack(weighted).sum()
