"""Perceptual losses over the features of a fixed network (Johnson et al., 2016, section 3)."""

from collections.abc import Mapping

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
