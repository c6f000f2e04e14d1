"""SRVGGNetCompact, the fast super-resolution network: a plain stack of convolutions at the input's own size."""

from torch import Tensor, nn
from torch.nn import functional


class SRVGGNetCompact(nn.Module):
    """Adds learned detail to the nearest-neighbour enlargement of an image.

    `convolutions` counts those between the first and the last. Parameters are named as in the official files of
    Real-ESRGAN (realesr-animevideov3: 16 convolutions, 64 features, scale 4; 621,424 parameters). An output pixel
    depends on the input pixels at most `receptive_radius` away.
    """

    def __init__(self, convolutions: int = 16, features: int = 64, scale: int = 4, colours: int = 3) -> None:
        super().__init__()
        self.scale = scale
        layers: list[nn.Module] = []
        for channels in [colours, *[features] * convolutions]:
            layers += [nn.Conv2d(channels, features, 3, padding=1), nn.PReLU(features)]
        layers.append(nn.Conv2d(features, colours * scale * scale, 3, padding=1))
        self.body = nn.Sequential(*layers)
        self.receptive_radius = convolutions + 2

    def forward(self, images: Tensor) -> Tensor:
        """Return (n, colours, scale*h, scale*w) for (n, colours, h, w) in [0, 1]."""
        detail = functional.pixel_shuffle(self.body(images), self.scale)
        return detail + functional.interpolate(images, scale_factor=self.scale, mode="nearest")
