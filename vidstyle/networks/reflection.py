"""Padding by reflection, in the features' own number format."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class ReflectionPad(nn.ReflectionPad2d):
    """nn.ReflectionPad2d of equal margins that autocast leaves in the features' number format, (n, c, h, w)."""

    def forward(self, features: Tensor) -> Tensor:
        """Return the features with their margins."""
        return reflected(features, self.padding)


def reflected(features: Tensor, margins: tuple[int, int, int, int]) -> Tensor:
    """Return (n, c, h, w) features with margins (left, right, top, bottom); padding copies values, and needs no fp32.

    Autocast on a CPU would turn them into fp32 before and back after it.
    """
    with torch.autocast(features.device.type, enabled=False):
        return functional.pad(features, margins, mode="reflect")
