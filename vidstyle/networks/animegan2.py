"""The generator of AnimeGANv2 (Chen et al., 2020) as its public weights for PyTorch have it.

Layer norms over the whole picture (group norms of one group) take the place of instance norms. The authors found that these
cause noise in plain areas. Blocks in the middle are inverted residuals, as in MobileNetV2.
"""

from torch import nn

from vidstyle.networks.layers import ReflectionPad
from vidstyle.networks.resnet_generator import LayeredGenerator, SkipConnection

SLOPE = 0.2
EXPANSION = 2
"""How many times wider an inverted residual block is inside."""


def _norm(channels: int) -> nn.Module:
    return nn.GroupNorm(1, channels)


def _convolution(inputs: int, outputs: int, kernel: int = 3, groups: int = 1) -> list[nn.Module]:
    """Return a convolution padded by reflection, its norm and a leaky rectifier."""
    padding: list[nn.Module] = [ReflectionPad(kernel // 2)] if kernel > 1 else []
    convolution = nn.Conv2d(inputs, outputs, kernel, groups=groups, bias=groups > 1)
    return [*padding, convolution, _norm(outputs), nn.LeakyReLU(SLOPE, inplace=True)]


def _halved(inputs: int, outputs: int) -> list[nn.Module]:
    """Return a strided convolution that is padded at the right and at the bottom alone."""
    padding = nn.ReflectionPad2d((0, 1, 0, 1))
    convolution = nn.Conv2d(inputs, outputs, 3, stride=2, bias=False)
    return [padding, convolution, _norm(outputs), nn.LeakyReLU(SLOPE, inplace=True)]


def _inverted(inputs: int, outputs: int) -> list[nn.Module]:
    """Return a widening, a depthwise and a narrowing convolution."""
    inside = EXPANSION * inputs
    narrowing = nn.Conv2d(inside, outputs, 1, bias=False)
    return [*_convolution(inputs, inside, 1), *_convolution(inside, inside, groups=inside), narrowing, _norm(outputs)]


class InvertedResidualBlock(SkipConnection):
    """An inverted residual beside a skip connection, (n, c, h, w) -> same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(*_inverted(channels, channels))


class AnimeGAN2Generator(LayeredGenerator):
    """Maps images (n, 3, h, w) in [-1, 1], h and w multiples of 4, to images of the same shape and range.

    The public weights have 32 `channels` and 4 `blocks`, the first of which widens and has no skip connection.
    """

    patch_layers = ()
    patch_channels = ()

    def __init__(self, channels: int = 32, blocks: int = 4) -> None:
        super().__init__()
        half, quarter, widest = 2 * channels, 4 * channels, 8 * channels
        doubling = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
        self.model = nn.Sequential(
            *[*_convolution(3, channels, 7), *_halved(channels, half), *_convolution(half, half)],
            *[*_halved(half, quarter), *_convolution(quarter, quarter), *_convolution(quarter, quarter)],
            *_inverted(quarter, widest),
            *[InvertedResidualBlock(widest) for _ in range(blocks - 1)],
            *_convolution(widest, quarter),
            *[doubling, *_convolution(quarter, quarter), *_convolution(quarter, quarter)],
            *[doubling, *_convolution(quarter, half), *_convolution(half, half), *_convolution(half, channels, 7)],
            *[nn.Conv2d(channels, 3, 1, bias=False), nn.Tanh()],
        )
