"""The generator of CartoonGAN (Chen, Lai and Liu, 2018) as its public weights for PyTorch have it."""

from torch import nn

from vidstyle.networks.layers import ReflectionPad
from vidstyle.networks.resnet_generator import LayeredGenerator, ResidualBlock

EPSILON = 1e-9
"""Added to the variance in the norms of the public weights."""


def _norm_relu(channels: int) -> list[nn.Module]:
    return [nn.InstanceNorm2d(channels, EPSILON, affine=True), nn.ReLU(inplace=True)]


def _halved(inputs: int, outputs: int) -> list[nn.Module]:
    """Return a strided convolution and a plain one under one norm."""
    halving = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1)
    return [halving, nn.Conv2d(outputs, outputs, 3, padding=1), *_norm_relu(outputs)]


def _doubled(inputs: int, outputs: int) -> list[nn.Module]:
    """Return a transposed convolution and a plain one under one norm."""
    doubling = nn.ConvTranspose2d(inputs, outputs, 3, stride=2, padding=1, output_padding=1)
    return [doubling, nn.Conv2d(outputs, outputs, 3, padding=1), *_norm_relu(outputs)]


class CartoonGANGenerator(LayeredGenerator):
    """Maps images (n, 3, h, w) in [-1, 1], h and w multiples of 4, to images of the same shape and range.

    The paper has 64 `channels` and 8 `blocks`. Its norms are instance norms with a scale and a shift for each channel.
    """

    patch_layers = ()
    patch_channels = ()

    def __init__(self, channels: int = 64, blocks: int = 8) -> None:
        super().__init__()
        narrow, middle, wide = channels, 2 * channels, 4 * channels
        self.model = nn.Sequential(
            *[ReflectionPad(3), nn.Conv2d(3, narrow, 7), *_norm_relu(narrow)],
            *[*_halved(narrow, middle), *_halved(middle, wide)],
            *[ResidualBlock(wide, affine=True, eps=EPSILON) for _ in range(blocks)],
            *[*_doubled(wide, middle), *_doubled(middle, narrow)],
            *[ReflectionPad(3), nn.Conv2d(narrow, 3, 7), nn.Tanh()],
        )
