"""Networks in the channels-last layout, in which convolutions, resampling and padding are fastest on a CPU."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from vidstyle.networks.norms import replace_norms


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
