"""The feature layers of VGG16, which describe a picture from its edges to its objects."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

CHANNELS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
"""Widths of the convolutions in the five stages, between which a 2x2 maximum halves the size (VGG, table 1, D)."""
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)


class VGG16Features(nn.Module):
    """The 13 convolutions of VGG16, each followed by a rectifier; parameters are named as in torchvision's files.

    `taps` names the outputs: `relu1_1` ... `relu5_3` by stage and convolution, `conv1_1` ... before the rectifier.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        self.taps: dict[str, int] = {}
        channels = 3
        for stage, widths in enumerate(CHANNELS, 1):
            for number, width in enumerate(widths, 1):
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
                self.taps |= {f"conv{stage}_{number}": len(layers) - 2, f"relu{stage}_{number}": len(layers) - 1}
                channels = width
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers[:-1])
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor(IMAGENET_DEVIATION).view(3, 1, 1), persistent=False)

    def forward(self, images: Tensor, taps: Sequence[str] = ("relu5_3",)) -> dict[str, Tensor]:
        """Return features by tap for (n, 3, h, w) images in [0, 1]: (n, channels, h / 2^(stage-1), w / 2^(stage-1)).

        Nothing beyond the last wanted tap is computed. Raises KeyError for a tap that does not exist.
        """
        wanted = {self.taps[tap]: tap for tap in taps}
        features, outputs = (images - self.mean) / self.deviation, {}
        for index, layer in enumerate(list(self.features)[: max(wanted) + 1]):
            features = layer(features)
            if index in wanted:
                outputs[wanted[index]] = features
        return outputs
