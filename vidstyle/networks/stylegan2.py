"""The generator and the discriminator that CUT builds from StyleGAN2's layers (Karras et al., 2020)."""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from vidstyle.networks.layers import BlurUpsample, blur, draw_normal, reflection_pad
from vidstyle.networks.resnet_generator import LayeredGenerator

SLOPE = 0.2
"""The slope of the leaky rectifier below zero."""
SMALLEST_SIDE = 4
"""Side, in pixels, of the features from which the discriminator scores the whole crop."""


class EqualConv2d(nn.Conv2d):
    """A convolution whose weights have unit deviation and are scaled at run time, so that all layers learn equally fast.

    With `demodulate` each filter is scaled to unit length instead: StyleGAN2's modulated convolution without a style.
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int, *, stride: int = 1, bias: bool = True, demodulate: bool = False
    ) -> None:
        padding = 0 if stride > 1 else kernel // 2
        super().__init__(inputs, outputs, kernel, stride, padding, bias=bias, padding_mode="reflect")
        self.margins, self.demodulate = (padding, padding, padding, padding), demodulate
        draw_normal(self.weight)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def forward(self, features: Tensor) -> Tensor:
        """Return the convolved features."""
        if self.demodulate:
            weight = self.weight * torch.rsqrt(self.weight.square().sum((1, 2, 3), keepdim=True) + 1e-8)
        else:
            weight = self.weight / math.sqrt(self.weight[0].numel())
        padded = reflection_pad(features, self.margins) if any(self.margins) else features
        return functional.conv2d(padded, weight, self.bias, self.stride)


class EqualLinear(nn.Linear):
    """A linear layer that is scaled as EqualConv2d is."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        draw_normal(self.weight)
        nn.init.zeros_(self.bias)

    def forward(self, features: Tensor) -> Tensor:
        """Return the projected features."""
        return functional.linear(features, self.weight / math.sqrt(self.in_features), self.bias)


class ScaledLeakyReLU(nn.Module):
    """A leaky rectifier scaled so that the variance of the features stays."""

    def forward(self, features: Tensor) -> Tensor:
        """Return the activations."""
        return functional.leaky_relu(features, SLOPE) * math.sqrt(2)


class Blur(nn.Module):
    """The binomial blur [1, 3, 3, 1] / 8 in both directions, after `padding` (before, after) by reflection."""

    def __init__(self, padding: tuple[int, int]) -> None:
        super().__init__()
        self.padding = padding

    def forward(self, features: Tensor) -> Tensor:
        """Return the blurred features, (n, c, h + padding - 3, w + padding - 3)."""
        before, after = self.padding
        return blur(reflection_pad(features, (before, after, before, after)))


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside a skip connection; `halve` halves the size by a blur and a strided convolution."""

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
    """Maps images (n, 3, h, w) in [-1, 1], h and w even, to images of the same shape and range; it has no norms.

    `channels` is the width at full size (twice ngf of the public code at a 256 crop); at half size it doubles. All
    `blocks` residual blocks work at half size; the last patch layer is in their middle. An output pixel depends on
    input pixels at most `receptive_radius` away. Unlike in the public code a frame is painted the same each time, and
    in range: borders are reflected, no noise is added and the last layer is a tanh.
    """

    def __init__(self, channels: int = 128, blocks: int = 6) -> None:
        super().__init__()
        wide, before = 2 * channels, blocks // 2
        self.receptive_radius = 4 * blocks + 12
        self.patch_layers, self.patch_channels = (0, 3, 3 + before), (3, wide, wide)
        self.model = nn.Sequential(
            *[nn.Identity(), EqualConv2d(3, channels, 1), ScaledLeakyReLU()],
            ResidualBlock(channels, wide, halve=True),
            *[ResidualBlock(wide, wide, halve=False) for _ in range(blocks)],
            *[BlurUpsample(), EqualConv2d(wide, channels, 3, demodulate=True), ScaledLeakyReLU()],
            *[EqualConv2d(channels, 3, 1), nn.Tanh()],
        )


class StyleGAN2Discriminator(nn.Module):
    """Maps crops (n, 3, side, side) in [-1, 1] to one score each, (n, 1).

    `channels` is ndf of the public code, the width at full size. Each halving doubles the width, up to 6 * `channels`.
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
