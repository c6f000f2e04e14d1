"""The 70x70 PatchGAN discriminator (Isola et al., 2017), antialiased as in CUT."""

from torch import Tensor, nn

from vidstyle.networks.layers import BlurDownsample, xavier_weights


def _convolution(inputs: int, outputs: int) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, 4, padding=1), nn.InstanceNorm2d(outputs), nn.LeakyReLU(0.2, inplace=True)]


class PatchDiscriminator(nn.Module):
    """Maps images (n, 3, h, w) in [-1, 1] to a score for each overlapping patch, (n, 1, about h/8, about w/8).

    `channels` is ndf of the public code; 64 gives 2,764,737 parameters.
    """

    def __init__(self, channels: int = 64) -> None:
        super().__init__()
        self.model = nn.Sequential(
            *[nn.Conv2d(3, channels, 4, padding=1), nn.LeakyReLU(0.2, inplace=True), BlurDownsample()],
            *[*_convolution(channels, 2 * channels), BlurDownsample()],
            *[*_convolution(2 * channels, 4 * channels), BlurDownsample()],
            *_convolution(4 * channels, 8 * channels),
            nn.Conv2d(8 * channels, 1, 4, padding=1),
        )
        xavier_weights(self, gain=0.02)

    def forward(self, images: Tensor) -> Tensor:
        """Return the scores: high where a patch looks like a real painting."""
        scores: Tensor = self.model(images)
        return scores
