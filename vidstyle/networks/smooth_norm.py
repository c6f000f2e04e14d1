"""Instance norms whose means and variances are averaged over the last frames of a video."""

import torch
from torch import Tensor, nn

from vidstyle.networks.norms import replace_norms

EARLIER_FRAMES = 4
"""How many earlier frames the statistics are averaged with."""


class SmoothInstanceNorm2d(nn.InstanceNorm2d):
    """An instance norm that normalises each frame, (n, c, h, w), by a mean of the statistics of its and earlier frames.

    `weights`, (n, EARLIER_FRAMES + n), says how much each of the earlier and the present frames counts for each frame;
    `earlier`, (EARLIER_FRAMES, 2, c), holds the means and variances of the earlier ones.
    """

    def __init__(self, channels: int, eps: float) -> None:
        super().__init__(channels, eps)
        self.weights = torch.empty(0)
        self.earlier = torch.zeros(EARLIER_FRAMES, 2, channels)

    def forward(self, features: Tensor) -> Tensor:
        """Return the normalised frames."""
        variance, mean = torch.var_mean(features.float(), (2, 3), correction=0)
        mean, variance = (one[..., None, None] for one in self.smoothed(mean, variance))
        return ((features - mean) * (variance + self.eps).rsqrt()).to(features.dtype)

    def smoothed(self, mean: Tensor, variance: Tensor) -> tuple[Tensor, Tensor]:
        """Return the smoothed (n, c) means and variances of n further frames, and remember their own."""
        known = torch.cat([self.earlier.to(mean), torch.stack((mean, variance), 1)])
        self.earlier = known[-EARLIER_FRAMES:]
        smooth_mean, smooth_variance = torch.einsum("nk,ksc->snc", self.weights.to(mean), known)
        return smooth_mean, smooth_variance


def smooth_norms(network: nn.Module) -> list[SmoothInstanceNorm2d]:
    """Replace all instance norms of `network` by smooth ones and return them in their order."""
    return replace_norms(network, SmoothInstanceNorm2d)
