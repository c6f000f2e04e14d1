"""The ResNet generator of CUT, whose layer numbers are those by which the paper names its patch features."""

from collections.abc import Sequence

from torch import Tensor, nn

from vidstyle.networks.initialise import xavier_weights
from vidstyle.networks.resampling import BlurDownsample, BlurUpsample

PATCH_LAYERS = (0, 4, 8, 12, 16)
"""Layers whose outputs PatchNCE compares: padded RGB, two convolutions before their norms, residual blocks 1 and 5."""


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with instance norms around a skip connection, (n, c, h, w) -> same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            nn.InstanceNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            nn.InstanceNorm2d(channels),
        )

    def forward(self, features: Tensor) -> Tensor:
        """Return the features plus their correction."""
        return features + self.conv_block(features)


def _normed(inputs: int, outputs: int, kernel: int, padding: int = 0) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, kernel, padding=padding), nn.InstanceNorm2d(outputs), nn.ReLU(inplace=True)]


class ResNetGenerator(nn.Module):
    """Images in [-1, 1], (n, 3, h, w) with h and w multiples of 4, to images of the same shape and range.

    `channels` is ngf of the public code, `blocks` the number of residual blocks; 64 and 9 give 11,378,179 parameters.
    """

    def __init__(self, channels: int = 64, blocks: int = 9) -> None:
        super().__init__()
        narrow, middle, wide = channels, 2 * channels, 4 * channels
        self.model = nn.Sequential(
            *[nn.ReflectionPad2d(3), *_normed(3, narrow, 7)],
            *[*_normed(narrow, middle, 3, padding=1), BlurDownsample()],
            *[*_normed(middle, wide, 3, padding=1), BlurDownsample()],
            *[ResidualBlock(wide) for _ in range(blocks)],
            *[BlurUpsample(), *_normed(wide, middle, 3, padding=1)],
            *[BlurUpsample(), *_normed(middle, narrow, 3, padding=1)],
            *[nn.ReflectionPad2d(3), nn.Conv2d(narrow, 3, 7), nn.Tanh()],
        )
        xavier_weights(self, gain=0.02)

    def forward(self, images: Tensor) -> Tensor:
        """Return the painted images."""
        painted: Tensor = self.model(images)
        return painted

    def paint_and_features(self, images: Tensor, layers: Sequence[int] = PATCH_LAYERS) -> tuple[Tensor, list[Tensor]]:
        """Return the painted images and the outputs of `layers` on the way, in one pass."""
        return self._walk(images, layers, len(self.model))

    def features(self, images: Tensor, layers: Sequence[int] = PATCH_LAYERS) -> list[Tensor]:
        """Return the outputs of `layers`, running no further than the last of them."""
        return self._walk(images, layers, max(layers) + 1)[1]

    def _walk(self, images: Tensor, layers: Sequence[int], stop: int) -> tuple[Tensor, list[Tensor]]:
        current, kept = images, []
        for number in range(stop):
            current = self.model[number](current)
            if number in layers:
                kept.append(current)
        return current, kept


def patch_channels(channels: int, layers: Sequence[int] = PATCH_LAYERS) -> list[int]:
    """Return the width of each patch layer for a generator of `channels`."""
    widths = {0: 3, 4: 2 * channels}
    return [widths.get(layer, 4 * channels) for layer in layers]
