"""The ResNet generator of CUT; the paper names its patch features by the numbers of this network's layers."""

from collections.abc import Sequence

from torch import Tensor, nn

from vidstyle.networks.layers import BlurDownsample, BlurUpsample, ReflectionPad, xavier_weights

PATCH_LAYERS = (0, 4, 8, 12, 16)
"""Layers whose outputs PatchNCE compares: padded RGB, two convolutions before their norms, residual blocks 1 and 5."""


class SkipConnection(nn.Module):
    """What `conv_block` makes of features beside a skip connection, (n, c, h, w) -> same."""

    conv_block: nn.Sequential

    def forward(self, features: Tensor) -> Tensor:
        """Return the features plus their correction."""
        correction: Tensor = self.conv_block(features)
        return features + correction


class ResidualBlock(SkipConnection):
    """Two 3x3 convolutions with instance norms beside a skip connection; `affine` norms scale and shift by weights."""

    def __init__(self, channels: int, affine: bool = False, eps: float = 1e-5) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(
            ReflectionPad(1),
            nn.Conv2d(channels, channels, 3),
            nn.InstanceNorm2d(channels, eps, affine=affine),
            nn.ReLU(inplace=True),
            ReflectionPad(1),
            nn.Conv2d(channels, channels, 3),
            nn.InstanceNorm2d(channels, eps, affine=affine),
        )


def conv_norm_relu(inputs: int, outputs: int, kernel: int, stride: int = 1, padding: int = 0) -> list[nn.Module]:
    """Return a convolution, its instance norm and a rectifier, as layers of a sequence."""
    return [nn.Conv2d(inputs, outputs, kernel, stride, padding), nn.InstanceNorm2d(outputs), nn.ReLU(inplace=True)]


def _upconv_norm_relu(inputs: int, outputs: int) -> list[nn.Module]:
    doubling = nn.ConvTranspose2d(inputs, outputs, 3, stride=2, padding=1, output_padding=1)
    return [doubling, nn.InstanceNorm2d(outputs), nn.ReLU(inplace=True)]


class LayeredGenerator(nn.Module):
    """Maps images in [-1, 1] by `model` to images of the same shape and range; PatchNCE compares some layers' outputs.

    `patch_layers` are the numbers of these layers in `model`, `patch_channels` the widths of their outputs. Images
    have sides that are multiples of `multiple_of`.
    """

    multiple_of = 4
    model: nn.Sequential
    patch_layers: Sequence[int]
    patch_channels: Sequence[int]

    def forward(self, images: Tensor) -> Tensor:
        """Return the painted images."""
        painted: Tensor = self.model(images)
        return painted

    def paint_and_features(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return the painted images and the outputs of the patch layers, computed in one pass."""
        return self._run(images, len(self.model))

    def features(self, images: Tensor) -> list[Tensor]:
        """Return the outputs of the patch layers; nothing beyond the last of them is computed."""
        return self._run(images, max(self.patch_layers) + 1)[1]

    def _run(self, images: Tensor, stop: int) -> tuple[Tensor, list[Tensor]]:
        current, outputs = images, []
        for number in range(stop):
            current = self.model[number](current)
            if number in self.patch_layers:
                outputs.append(current)
        return current, outputs


class ResNetGenerator(LayeredGenerator):
    """Maps images (n, 3, h, w) in [-1, 1], h and w multiples of 4, to images of the same shape and range.

    `channels` is ngf of the public code, `blocks` the number of residual blocks; 64 and 9 give 11,378,179 parameters.
    Without `antialias` it halves by strided and doubles by transposed convolutions, as CycleGAN's own code does. Then
    it has no patch layers.
    """

    def __init__(self, channels: int = 64, blocks: int = 9, antialias: bool = True) -> None:
        super().__init__()
        narrow, middle, wide = channels, 2 * channels, 4 * channels
        self.patch_layers = PATCH_LAYERS if antialias else ()
        self.patch_channels = patch_channels(channels)
        resampling = _antialiased_resampling if antialias else _strided_resampling
        down, up = resampling(narrow, middle, wide)
        self.model = nn.Sequential(
            *[ReflectionPad(3), *conv_norm_relu(3, narrow, 7)],
            *down,
            *[ResidualBlock(wide) for _ in range(blocks)],
            *up,
            *[ReflectionPad(3), nn.Conv2d(narrow, 3, 7), nn.Tanh()],
        )
        xavier_weights(self, gain=0.02)


def _antialiased_resampling(narrow: int, middle: int, wide: int) -> tuple[list[nn.Module], list[nn.Module]]:
    down = [
        *conv_norm_relu(narrow, middle, 3, padding=1),
        BlurDownsample(),
        *conv_norm_relu(middle, wide, 3, padding=1),
    ]
    up = [
        BlurUpsample(),
        *conv_norm_relu(wide, middle, 3, padding=1),
        BlurUpsample(),
        *conv_norm_relu(middle, narrow, 3, padding=1),
    ]
    return [*down, BlurDownsample()], up


def _strided_resampling(narrow: int, middle: int, wide: int) -> tuple[list[nn.Module], list[nn.Module]]:
    down = [
        *conv_norm_relu(narrow, middle, 3, stride=2, padding=1),
        *conv_norm_relu(middle, wide, 3, stride=2, padding=1),
    ]
    return down, [*_upconv_norm_relu(wide, middle), *_upconv_norm_relu(middle, narrow)]


def patch_channels(channels: int) -> list[int]:
    """Return the width of each patch layer for a ResNet generator of `channels`."""
    return [3, 2 * channels, 4 * channels, 4 * channels, 4 * channels]
