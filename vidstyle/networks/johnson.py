"""The feed-forward image transformation network of Johnson, Alahi and Fei-Fei (2016)."""

from torch import Tensor, nn

from vidstyle.networks.layers import BlurUpsample, ReflectionPad
from vidstyle.networks.resnet_generator import ResidualBlock, conv_norm_relu


class JohnsonNetwork(nn.Module):
    """Maps images (n, 3, h, w) in [-1, 1], h and w multiples of 4, to images of the same shape and range.

    A 9x9 convolution, two strided ones, residual blocks, two antialiased doublings and a 9x9 convolution. Instance
    norms (Ulyanov et al., 2016) replace the paper's batch norms. The paper has 32 `channels` and 5 `blocks`.
    """

    multiple_of = 4

    def __init__(self, channels: int = 32, blocks: int = 5) -> None:
        super().__init__()
        narrow, middle, wide = channels, 2 * channels, 4 * channels
        self.model = nn.Sequential(
            *[ReflectionPad(4), *conv_norm_relu(3, narrow, 9)],
            *[
                *conv_norm_relu(narrow, middle, 3, stride=2, padding=1),
                *conv_norm_relu(middle, wide, 3, stride=2, padding=1),
            ],
            *[ResidualBlock(wide) for _ in range(blocks)],
            *[BlurUpsample(), *conv_norm_relu(wide, middle, 3, padding=1)],
            *[BlurUpsample(), *conv_norm_relu(middle, narrow, 3, padding=1)],
            *[ReflectionPad(4), nn.Conv2d(narrow, 3, 9), nn.Tanh()],
        )

    def forward(self, images: Tensor) -> Tensor:
        """Return the painted images."""
        painted: Tensor = self.model(images)
        return painted
