"""Discriminators that score patches: the 70x70 PatchGAN (Isola et al., 2017), antialiased as in CUT, and a spectral one."""

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

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


class SpectralDiscriminator(nn.Module):
    """Images in [-1, 1], (n, `in_channels`, h, w), to one score for each patch of 91 x 91 pixels, (n, 1, h/16, w/16), rounded up.

    Spectral norms (Miyato et al., 2018) instead of instance norms, as White-box Cartoonization and AnimeGAN have: no score
    depends on the rest of the image, and what is learnt stays steady where there are few cartoon frames. `channels` are
    doubled by two of three further halvings; 1 and 32 give 581,729 parameters.
    """

    def __init__(self, in_channels: int = 3, channels: int = 32) -> None:
        super().__init__()
        self.model = nn.Sequential(
            *_spectral_stage(in_channels, channels),
            *_spectral_stage(channels, 2 * channels),
            *_spectral_stage(2 * channels, 4 * channels),
            *_spectral_stage(4 * channels, 4 * channels),
            nn.Conv2d(4 * channels, 1, 1),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Return the scores: high where a patch looks like a real painting."""
        scores: Tensor = self.model(images)
        return scores


def _spectral_stage(inputs: int, outputs: int) -> list[nn.Module]:
    """Return two convolutions, the first of which halves, each with its leaky rectifier."""
    halving = spectral_norm(nn.Conv2d(inputs, outputs, 3, stride=2, padding=1))
    convolution = spectral_norm(nn.Conv2d(outputs, outputs, 3, padding=1))
    return [halving, nn.LeakyReLU(0.2), convolution, nn.LeakyReLU(0.2)]
