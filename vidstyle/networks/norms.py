"""Instance norms put in the place of torch's: one that keeps channels last, and one that smooths statistics over frames."""

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

NormT = TypeVar("NormT", bound=nn.InstanceNorm2d)


def replace_norms(network: nn.Module, norm: Callable[[int, float], NormT]) -> list[NormT]:
    """Replace all instance norms of `network` by what `norm` makes for their channels and epsilon; return those in order."""
    norms = []
    for parent in list(network.modules()):
        for name, child in parent.named_children():
            if isinstance(child, nn.InstanceNorm2d):
                norms.append(norm(child.num_features, child.eps))
                setattr(parent, name, norms[-1])
    return norms


SMOOTHED_FRAMES = 4
"""How many earlier frames the statistics are averaged with."""


class SmoothInstanceNorm2d(nn.InstanceNorm2d):
    """An instance norm that normalises each frame, (n, c, h, w), by a mean of the statistics of its and earlier frames.

    `weights`, (n, SMOOTHED_FRAMES + n), says how much each of the earlier and the present frames counts for each frame;
    `earlier`, (SMOOTHED_FRAMES, 2, c), holds the means and variances of the earlier ones.
    """

    def __init__(self, channels: int, eps: float) -> None:
        super().__init__(channels, eps)
        self.weights = torch.empty(0)
        self.earlier = torch.zeros(SMOOTHED_FRAMES, 2, channels)

    def forward(self, features: Tensor) -> Tensor:
        """Return the normalised frames."""
        variance, mean = torch.var_mean(features.float(), (2, 3), correction=0)
        mean, variance = (one[..., None, None] for one in self.smoothed(mean, variance))
        return ((features - mean) * (variance + self.eps).rsqrt()).to(features.dtype)

    def smoothed(self, mean: Tensor, variance: Tensor) -> tuple[Tensor, Tensor]:
        """Return the smoothed (n, c) means and variances of n further frames, and remember their own."""
        known = torch.cat([self.earlier.to(mean), torch.stack((mean, variance), 1)])
        self.earlier = known[-SMOOTHED_FRAMES:]
        smooth_mean, smooth_variance = torch.einsum("nk,ksc->snc", self.weights.to(mean), known)
        return smooth_mean, smooth_variance


def smooth_norms(network: nn.Module) -> list[SmoothInstanceNorm2d]:
    """Replace all instance norms of `network` by smooth ones and return them in their order."""
    return replace_norms(network, SmoothInstanceNorm2d)


class ImagewiseNorm(nn.InstanceNorm2d):
    """Instance norm as the batch norm of one image after the other, which keeps the layout.

    nn.InstanceNorm2d makes channels of the images, for which it copies channels-last features.
    """

    def forward(self, features: Tensor) -> Tensor:
        """Return (n, c, h, w) features of zero mean and unit variance in each channel of each image."""
        images = [functional.batch_norm(image, None, None, training=True, eps=self.eps) for image in features.split(1)]
        return torch.cat(images) if len(images) > 1 else images[0]


def keep_channels_last(network: nn.Module) -> None:
    """Let a network keep channels-last features as they are (in place): the same function, the same names in its state."""
    replace_norms(network, ImagewiseNorm)
