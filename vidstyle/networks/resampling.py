"""Antialiased halving and doubling of feature maps (Zhang, Making Convolutional Networks Shift-Invariant Again, 2019)."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


class BlurDownsample(nn.Module):
    """Halve a feature map: binomial blur [1, 2, 1] / 4 in both directions, at every second value.

    (n, c, h, w) -> (n, c, ceil(h/2), ceil(w/2)), reflection at the borders. Sums of shifted views, since they cost a third
    of a depthwise convolution in bf16 on a CPU.
    """

    def forward(self, features: Tensor) -> Tensor:
        """Return the halved feature map."""
        if torch.is_grad_enabled() and features.requires_grad:
            halved: Tensor = _BlurDownsample.apply(features)
            return halved
        return _halved(features)


def _halved(features: Tensor) -> Tensor:
    padded = functional.pad(features, (1, 1, 1, 1), mode="reflect")
    rows = (padded[:, :, :-2:2] + padded[:, :, 2::2]) * 0.25 + padded[:, :, 1:-1:2] * 0.5
    return (rows[..., :-2:2] + rows[..., 2::2]) * 0.25 + rows[..., 1:-1:2] * 0.5


class _BlurDownsample(torch.autograd.Function):
    """The same with a gradient that is written in one go; autograd would fill and add a whole map for each view."""

    @staticmethod
    def forward(context: Any, features: Tensor) -> Tensor:
        context.size = features.shape[2:]
        return _halved(features)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        height, width = context.size
        across = _spread(gradient.transpose(2, 3), width).transpose(2, 3)
        return _spread(across, height)


def _spread(gradient: Tensor, size: int) -> Tensor:
    """Return the gradient in the rows of a map `size` high of that in its blurred and halved rows, (n, c, h, w)."""
    side = gradient * 0.25
    padded = gradient.new_zeros(*gradient.shape[:2], size + 2, gradient.shape[3])
    padded[:, :, :-2:2] = side
    padded[:, :, 2::2] += side
    padded[:, :, 1:-1:2] = gradient * 0.5
    padded[:, :, 2] += padded[:, :, 0]
    padded[:, :, -3] += padded[:, :, -1]
    return padded[:, :, 1:-1]


class BlurUpsample(nn.Module):
    """Double a feature map: zeros between the values, then the blur [1, 3, 3, 1], edges repeated.

    (n, c, h, w) -> (n, c, 2h, 2w). That blur is bilinear interpolation with pixel centres kept.
    """

    def forward(self, features: Tensor) -> Tensor:
        """Return the doubled feature map."""
        return functional.interpolate(features, scale_factor=2, mode="bilinear", align_corners=False)


def blur(features: Tensor) -> Tensor:
    """Return the features under the blur [1, 3, 3, 1] / 8 in both directions, (n, c, h, w) -> (n, c, h - 3, w - 3)."""
    rows = (features[:, :, :-3] + features[:, :, 3:]) * 0.125 + (features[:, :, 1:-2] + features[:, :, 2:-1]) * 0.375
    return (rows[..., :-3] + rows[..., 3:]) * 0.125 + (rows[..., 1:-2] + rows[..., 2:-1]) * 0.375
