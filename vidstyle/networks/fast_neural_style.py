"""The network of fast-neural-style as PyTorch's own examples have it, after Johnson, Alahi and Fei-Fei (2016).

`JohnsonNetwork` differs from it: that one halves without padding by reflection, doubles by interpolation, and its norms
have no weights.
"""

from torch import nn

from vidstyle.networks.layers import ReflectionPad
from vidstyle.networks.resnet_generator import LayeredGenerator, ResidualBlock


def _convolution(inputs: int, outputs: int, kernel: int, stride: int = 1) -> list[nn.Module]:
    return [ReflectionPad(kernel // 2), nn.Conv2d(inputs, outputs, kernel, stride)]


def _norm_relu(channels: int) -> list[nn.Module]:
    return [nn.InstanceNorm2d(channels, affine=True), nn.ReLU(inplace=True)]


def _doubled(inputs: int, outputs: int) -> list[nn.Module]:
    return [nn.Upsample(scale_factor=2, mode="nearest"), *_convolution(inputs, outputs, 3), *_norm_relu(outputs)]


class FastNeuralStyleNetwork(LayeredGenerator):
    """Maps images (n, 3, h, w) in [-1, 1], h and w multiples of 4, to images of the same shape and range.

    The public weights have 32 `channels` and 5 `blocks`, and work on values from 0 to 255. Those become part of the first
    and the last convolution when they are imported.
    """

    patch_layers = ()
    patch_channels = ()

    def __init__(self, channels: int = 32, blocks: int = 5) -> None:
        super().__init__()
        narrow, middle, wide = channels, 2 * channels, 4 * channels
        self.model = nn.Sequential(
            *[*_convolution(3, narrow, 9), *_norm_relu(narrow)],
            *[*_convolution(narrow, middle, 3, stride=2), *_norm_relu(middle)],
            *[*_convolution(middle, wide, 3, stride=2), *_norm_relu(wide)],
            *[ResidualBlock(wide, affine=True) for _ in range(blocks)],
            *[*_doubled(wide, middle), *_doubled(middle, narrow)],
            *[*_convolution(narrow, 3, 9), nn.Hardtanh()],
        )
