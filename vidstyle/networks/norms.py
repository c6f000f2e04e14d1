"""Instance norms that take the place of torch's in a network: one for speed, one against flicker.

`keep_channels_last` puts in norms that keep channels-last features as they are. `smooth_norms` puts in norms that
average their statistics over the frames of a video.
"""

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

SMOOTHED_FRAMES = 4
"""How many earlier frames a SmoothInstanceNorm2d averages its statistics with."""

NormT = TypeVar("NormT", bound=nn.InstanceNorm2d)


def keep_channels_last(network: nn.Module) -> None:
    """Let a network keep channels-last features as they are (in place).

    It computes the same function, and its state dict keeps its names.
    """
    _replace_norms(network, ImagewiseNorm)


def smooth_norms(network: nn.Module) -> list["SmoothInstanceNorm2d"]:
    """Replace all instance norms of `network` by smooth ones and return these in their order."""
    return _replace_norms(network, SmoothInstanceNorm2d)


def _replace_norms(network: nn.Module, norm: Callable[[int, float], NormT]) -> list[NormT]:
    """Replace every instance norm by `norm(channels, eps)` and return the new ones in their order."""
    norms = []
    for parent in list(network.modules()):
        for name, child in parent.named_children():
            if isinstance(child, nn.InstanceNorm2d):
                norms.append(norm(child.num_features, child.eps))
                norms[-1].affine, norms[-1].weight, norms[-1].bias = child.affine, child.weight, child.bias
                setattr(parent, name, norms[-1])
    return norms


class ImagewiseNorm(nn.InstanceNorm2d):
    """An instance norm computed as the batch norm of one image after the other, which keeps the memory layout.

    nn.InstanceNorm2d reshapes images into channels, for which it copies channels-last features.
    """

    def forward(self, features: Tensor) -> Tensor:
        """Return (n, c, h, w) features of zero mean and unit variance in each channel of each image.

        Where the norm is affine, they are scaled and shifted by its weights then.
        """
        images = [
            functional.batch_norm(image, None, None, self.weight, self.bias, training=True, eps=self.eps)
            for image in features.split(1)
        ]
        return torch.cat(images) if len(images) > 1 else images[0]


class SmoothInstanceNorm2d(nn.InstanceNorm2d):
    """An instance norm that normalises each frame by weighted means of its own and of earlier frames' statistics.

    `weights`, (n, SMOOTHED_FRAMES + n): row i weighs the earlier and the present frames for frame i. Set it before each
    call. `earlier`, (SMOOTHED_FRAMES, 2, c), holds the means and variances of the last frames.
    """

    def __init__(self, channels: int, eps: float) -> None:
        super().__init__(channels, eps)
        self.weights = torch.empty(0)
        self.earlier = torch.zeros(SMOOTHED_FRAMES, 2, channels)

    def forward(self, features: Tensor) -> Tensor:
        """Return the (n, c, h, w) features of n frames normalised."""
        variance, mean = torch.var_mean(features.float(), (2, 3), correction=0)
        mean, variance = (statistic[..., None, None] for statistic in self.smooth(mean, variance))
        normalised = (features - mean) * (variance + self.eps).rsqrt()
        if self.affine:
            normalised = normalised * self.weight[:, None, None] + self.bias[:, None, None]
        return normalised.to(features.dtype)

    def smooth(self, mean: Tensor, variance: Tensor) -> tuple[Tensor, Tensor]:
        """Return the smoothed (n, c) means and variances of n further frames, and remember their own."""
        statistics = torch.cat([self.earlier.to(mean), torch.stack((mean, variance), 1)])
        self.earlier = statistics[-SMOOTHED_FRAMES:]
        smooth_mean, smooth_variance = torch.einsum("nk,ksc->snc", self.weights.to(mean), statistics)
        return smooth_mean, smooth_variance
