"""LPIPS: how different two images look, by the features of AlexNet and learned weights (Zhang et al. 2018)."""

import torch
from torch import Tensor, nn

CONVOLUTIONS = ((64, 11, 4, 2), (192, 5, 1, 2), (384, 3, 1, 1), (256, 3, 1, 1), (256, 3, 1, 1))
"""Channels, kernel, stride and padding of AlexNet's convolutions (Krizhevsky 2014); a pooling follows the first two."""
WIDTHS = tuple(channels for channels, *_ in CONVOLUTIONS)
SHIFT = (-0.030, -0.088, -0.188)
SCALE = (0.458, 0.448, 0.450)
"""Mean and deviation of ImageNet's channels for images in [-1, 1], with which LPIPS was fitted."""
EPSILON = 1e-10


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
        """Return the outputs of the five rectifiers for (n, 3, h, w) normalised images, h and w at least 31."""
        outputs = []
        for layer in self.features:
            images = layer(images)
            if isinstance(layer, nn.ReLU):
                outputs.append(images)
        return outputs


class PerceptualDistance(nn.Module):
    """LPIPS version 0.1 on AlexNet with its linear heads (Zhang et al. 2018, eq. 1).

    The heads' parameters are named as in the official file of heads. Those of AlexNet begin with `network.`.
    """

    shift: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.network = AlexNetFeatures()
        for number, width in enumerate(WIDTHS):
            head = nn.Sequential(nn.Identity(), nn.Conv2d(width, 1, 1, bias=False))
            self.add_module(f"lin{number}", nn.ModuleDict({"model": head}))
        self.register_buffer("shift", torch.tensor(SHIFT).view(3, 1, 1), persistent=False)
        self.register_buffer("scale", torch.tensor(SCALE).view(3, 1, 1), persistent=False)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Return the (n,) distances of (n, 3, h, w) images in [0, 1], h and w at least 31; 0 for equal ones."""
        return self.compare(self.describe(first), self.describe(second))

    def describe(self, images: Tensor) -> list[Tensor]:
        """Return AlexNet's five features of (n, 3, h, w) images in [0, 1], scaled to length 1 at every position."""
        maps = self.network((images * 2 - 1 - self.shift) / self.scale)
        return [features / (features.square().sum(1, keepdim=True).sqrt() + EPSILON) for features in maps]

    def compare(self, first: list[Tensor], second: list[Tensor]) -> Tensor:
        """Return the (n,) distances between two results of `describe` for equally sized images."""
        distance = torch.zeros(len(first[0]), device=first[0].device)
        for number, (a, b) in enumerate(zip(first, second, strict=True)):
            head = self.get_submodule(f"lin{number}.model.1")
            distance += head((a - b).square()).float().mean(dim=(1, 2, 3))
        return distance
