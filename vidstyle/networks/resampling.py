"""Antialiased halving and doubling of feature maps (Zhang, Making Convolutional Networks Shift-Invariant Again, 2019)."""

from torch import Tensor, nn
from torch.nn import functional


class BlurDownsample(nn.Module):
    """Halve a feature map: binomial blur [1, 2, 1] / 4 in both directions, at every second value.

    (n, c, h, w) -> (n, c, ceil(h/2), ceil(w/2)), reflection at the borders. Sums of shifted views, since they cost a third
    of a depthwise convolution in bf16 on a CPU.
    """

    def forward(self, features: Tensor) -> Tensor:
        """Return the halved feature map."""
        padded = functional.pad(features, (1, 1, 1, 1), mode="reflect")
        rows = (padded[:, :, :-2:2] + padded[:, :, 2::2]) * 0.25 + padded[:, :, 1:-1:2] * 0.5
        return (rows[..., :-2:2] + rows[..., 2::2]) * 0.25 + rows[..., 1:-1:2] * 0.5


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
