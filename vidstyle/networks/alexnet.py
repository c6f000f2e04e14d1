"""The feature layers of AlexNet, as LPIPS taps them."""

from torch import Tensor, nn

CONVOLUTIONS = ((64, 11, 4, 2), (192, 5, 1, 2), (384, 3, 1, 1), (256, 3, 1, 1), (256, 3, 1, 1))
"""Channels, kernel, stride and padding of the five convolutions (Krizhevsky 2014); the first two are pooled."""
WIDTHS = tuple(channels for channels, *_ in CONVOLUTIONS)


class AlexNetFeatures(nn.Module):
    """The five convolutions of AlexNet, each followed by a rectifier; parameters are named as in torchvision's files."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = 3
        for number, (channels, kernel, stride, padding) in enumerate(CONVOLUTIONS):
            layers += [nn.Conv2d(inputs, channels, kernel, stride, padding), nn.ReLU()]
            layers += [nn.MaxPool2d(3, 2)] if number < 2 else []
            inputs = channels
        self.features = nn.Sequential(*layers)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Return what each of the five rectifiers gives for (n, 3, h, w) normalised images, h and w at least 31."""
        found = []
        for layer in self.features:
            images = layer(images)
            if isinstance(layer, nn.ReLU):
                found.append(images)
        return found
