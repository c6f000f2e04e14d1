"""Layers that several networks share: padding by reflection, halving and doubling with a blur, and initial weights.

Feature maps are (n, channels, height, width) of any floating dtype.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


class ReflectionPad(nn.ReflectionPad2d):
    """Padding by reflection with equal margins, which autocast leaves in the dtype of the features."""

    def forward(self, features: Tensor) -> Tensor:
        """Return the features with their margins."""
        return reflection_pad(features, self.padding)


def reflection_pad(features: Tensor, margins: tuple[int, int, int, int]) -> Tensor:
    """Return (n, c, h, w) features with reflected margins (left, right, top, bottom), in their own dtype.

    On a CPU autocast would convert to fp32 before the padding and back after it. Padding copies values and needs no
    fp32.
    """
    with torch.autocast(features.device.type, enabled=False):
        return functional.pad(features, margins, mode="reflect")


class BlurDownsample(nn.Module):
    """Halve a feature map: the binomial blur [1, 2, 1] / 4 in both directions, taken at every second value.

    (n, c, h, w) -> (n, c, ceil(h/2), ceil(w/2)), with reflection at the borders. It is computed as sums of shifted
    views, which cost a third of a depthwise convolution in bf16 on a CPU.
    """

    def forward(self, features: Tensor) -> Tensor:
        """Return the halved feature map."""
        if torch.is_grad_enabled() and features.requires_grad:
            halved: Tensor = _BlurDownsample.apply(features)
            return halved
        return _blur_and_halve(features)


class _BlurDownsample(torch.autograd.Function):
    """The same with a gradient that is computed in one go; autograd would fill and add a whole map for each view.

    Each value hands back half of itself, and a quarter to either side. That is half an interpolation in each direction.
    """

    @staticmethod
    def forward(context: Any, features: Tensor) -> Tensor:
        context.size = features.shape[2:]
        return _blur_and_halve(features)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        height, width = context.size
        padded = functional.pad(gradient * 0.25, (0, 1 - width % 2, 0, 1 - height % 2))
        doubled = [2 * side - 1 for side in padded.shape[2:]]
        handed_back = functional.interpolate(padded, doubled, mode="bilinear", align_corners=True)
        handed_back = handed_back[:, :, :height, :width]
        _fold_reflection(handed_back)
        _fold_reflection(handed_back.mT)
        return handed_back


def _blur_and_halve(features: Tensor) -> Tensor:
    padded = reflection_pad(features, (1, 1, 1, 1))
    rows = (padded[:, :, :-2:2] + padded[:, :, 2::2]) * 0.25 + padded[:, :, 1:-1:2] * 0.5
    return (rows[..., :-2:2] + rows[..., 2::2]) * 0.25 + rows[..., 1:-1:2] * 0.5


def _fold_reflection(handed_back: Tensor) -> None:
    """Add what the border rows got to the rows that they reflect (in place)."""
    handed_back[:, :, 1] += handed_back[:, :, 0] / 2
    if handed_back.shape[2] % 2:
        handed_back[:, :, -2] += handed_back[:, :, -1] / 2


class BlurUpsample(nn.Module):
    """Double a feature map: zeros between the values, then the blur [1, 3, 3, 1] / 4, with edges repeated.

    (n, c, h, w) -> (n, c, 2h, 2w). That blur equals bilinear interpolation between pixel centres.
    """

    def forward(self, features: Tensor) -> Tensor:
        """Return the doubled feature map."""
        return functional.interpolate(features, scale_factor=2, mode="bilinear", align_corners=False)


class ChannelAffine(nn.Module):
    """Scale and shift the channels of features (n, c, h, w) by `weight` and `bias`, (c,) each."""

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.weight, self.bias = weight, bias

    def forward(self, features: Tensor) -> Tensor:
        """Return the features scaled and shifted."""
        return features * self.weight[:, None, None] + self.bias[:, None, None]


def blur(features: Tensor) -> Tensor:
    """Blur features by [1, 3, 3, 1] / 8 in both directions, (n, c, h, w) -> (n, c, h - 3, w - 3)."""
    rows = (features[:, :, :-3] + features[:, :, 3:]) * 0.125 + (features[:, :, 1:-2] + features[:, :, 2:-1]) * 0.375
    return (rows[..., :-3] + rows[..., 3:]) * 0.125 + (rows[..., 1:-2] + rows[..., 2:-1]) * 0.375


def draw_normal(weight: Tensor) -> None:
    """Draw a weight from the standard normal distribution (in place).

    On the device `meta` it has no values. Drawing them would make torch load its compiler, which takes seconds.
    """
    if not weight.is_meta:
        nn.init.normal_(weight)


def xavier_weights(network: nn.Module, gain: float) -> None:
    """Draw all weights of convolutions and linear layers from Xavier's normal distribution (in place); biases are 0.

    Weights on the device `meta` stay without values, as with `draw_normal`.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear) and not module.weight.is_meta:
            nn.init.xavier_normal_(module.weight, gain=gain)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
