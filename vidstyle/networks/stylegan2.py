"""The generator and the discriminator that CUT builds of StyleGAN2's parts (Karras et al., 2020)."""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from vidstyle.networks.layers import BlurUpsample, blur, reflected
from vidstyle.networks.resnet import LayeredGenerator

SLOPE = 0.2
SMALLEST_SIDE = 4
"""Side in pixels at which the discriminator judges the whole crop."""


class EqualConv2d(nn.Conv2d):
    """A convolution whose weights are drawn with unit deviation and scaled at run time: every layer learns equally fast.

    `demodulate` scales each filter to unit length instead: StyleGAN2's modulated convolution where there is no style.
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int, *, stride: int = 1, bias: bool = True, demodulate: bool = False
    ) -> None:
        padding = 0 if stride > 1 else kernel // 2
        super().__init__(inputs, outputs, kernel, stride, padding, bias=bias, padding_mode="reflect")
        self.margins, self.demodulate = (padding, padding, padding, padding), demodulate
        nn.init.normal_(self.weight)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def forward(self, features: Tensor) -> Tensor:
        """Return the convolved features."""
        if self.demodulate:
            weight = self.weight * torch.rsqrt(self.weight.square().sum((1, 2, 3), keepdim=True) + 1e-8)
        else:
            weight = self.weight / math.sqrt(self.weight[0].numel())
        padded = reflected(features, self.margins) if any(self.margins) else features
        return functional.conv2d(padded, weight, self.bias, self.stride)


class EqualLinear(nn.Linear):
    """A linear layer scaled as EqualConv2d is."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        nn.init.normal_(self.weight)
        nn.init.zeros_(self.bias)

    def forward(self, features: Tensor) -> Tensor:
        """Return the projected features."""
        return functional.linear(features, self.weight / math.sqrt(self.in_features), self.bias)


class ScaledLeakyReLU(nn.Module):
    """A leaky rectifier that keeps the variance."""

    def forward(self, features: Tensor) -> Tensor:
        """Return the activations."""
        return functional.leaky_relu(features, SLOPE) * math.sqrt(2)


class Blur(nn.Module):
    """The binomial blur [1, 3, 3, 1] / 8 in both directions; `padding` by reflection before and after."""

    def __init__(self, padding: tuple[int, int]) -> None:
        super().__init__()
        self.padding = padding

    def forward(self, features: Tensor) -> Tensor:
        """Return the blurred features, (n, c, h + padding - 3, w + padding - 3)."""
        before, after = self.padding
        return blur(reflected(features, (before, after, before, after)))


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside a skip connection; `halve` halves the size, by a blur and a strided convolution."""

    def __init__(self, inputs: int, outputs: int, halve: bool) -> None:
        super().__init__()
        stride = 2 if halve else 1
        self.body = nn.Sequential(
            *[EqualConv2d(inputs, inputs, 3), ScaledLeakyReLU()],
            *[Blur((2, 2)) if halve else nn.Identity(), EqualConv2d(inputs, outputs, 3, stride=stride)],
            ScaledLeakyReLU(),
        )
        self.skip = nn.Sequential(
            *([Blur((1, 1)), EqualConv2d(inputs, outputs, 1, stride=stride, bias=False)] if halve else [])
        )

    def forward(self, features: Tensor) -> Tensor:
        """Return (n, outputs, h, w), or half of h and w, rounded down."""
        merged: Tensor = (self.body(features) + self.skip(features)) / math.sqrt(2)
        return merged


class StyleGAN2Generator(LayeredGenerator):
    """Images in [-1, 1], (n, 3, h, w) with even h and w, to images of the same shape and range, without any norm.

    `channels` is the width at full size (twice ngf of the public code at a 256 crop), doubled at half size; `blocks`
    residual blocks stand there, half of them before the patch layers end. Unlike in the public code borders are
    reflected, no noise is added and the last layer is a tanh: a frame is painted the same each time, and in range.
    `reach`: how many pixels around a pixel it looks at, at most.
    """

    def __init__(self, channels: int = 128, blocks: int = 6) -> None:
        super().__init__()
        wide, before = 2 * channels, blocks // 2
        self.reach = 4 * blocks + 12
        self.patch_layers, self.patch_channels = (0, 3, 3 + before), (3, wide, wide)
        self.model = nn.Sequential(
            *[nn.Identity(), EqualConv2d(3, channels, 1), ScaledLeakyReLU()],
            ResidualBlock(channels, wide, halve=True),
            *[ResidualBlock(wide, wide, halve=False) for _ in range(blocks)],
            *[BlurUpsample(), EqualConv2d(wide, channels, 3, demodulate=True), ScaledLeakyReLU()],
            *[EqualConv2d(channels, 3, 1), nn.Tanh()],
        )


class StyleGAN2Discriminator(nn.Module):
    """Crops in [-1, 1], (n, 3, side, side), to one score for each, (n, 1).

    `channels` is ndf of the public code: the width at full size, doubled with each halving up to six times it.
    """

    def __init__(self, channels: int, side: int) -> None:
        super().__init__()
        halvings = max(1, round(math.log2(side / SMALLEST_SIDE)))
        widths = [min(channels * 2**level, 6 * channels) for level in range(halvings + 1)]
        for _ in range(halvings):
            side //= 2
        self.model = nn.Sequential(
            *[EqualConv2d(3, channels, 1), ScaledLeakyReLU()],
            *[ResidualBlock(*pair, halve=True) for pair in pairwise(widths)],
            *[EqualConv2d(widths[-1], widths[-1], 3), ScaledLeakyReLU(), nn.Flatten()],
            *[EqualLinear(widths[-1] * side**2, widths[-1]), ScaledLeakyReLU(), EqualLinear(widths[-1], 1)],
        )

    def forward(self, images: Tensor) -> Tensor:
        """Return the scores: high where a crop looks like a real painting."""
        scores: Tensor = self.model(images)
        return scores
