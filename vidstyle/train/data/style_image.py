"""The choice of the cartoon frame that a single-image method learns from."""

import numpy as np
import torch
from torch import Tensor

from vidstyle.models.feature_network import load_vgg16
from vidstyle.pixels import to_device
from vidstyle.report.contact_sheet import evenly_spaced
from vidstyle.train.data.cache import ImageCache
from vidstyle.train.samples import centre_square

_MOST_FRAMES = 256
"""How many cartoon frames are compared, evenly spaced over all."""
_LAYER = "relu5_3"


def choose_style_image(choice: str, paintings: ImageCache, seed: int, vgg16: str, device: torch.device) -> int:
    """Return the number of the chosen painting.

    `central` takes the one whose features lie nearest to their mean, `random` one drawn by the seed. Any other choice
    names a file, which is then the only painting. Raises StyleError where VGG16 is needed and missing.
    """
    if choice == "central" and len(paintings) > 1:
        return _central(paintings, vgg16, device)
    if choice == "random":
        return int(np.random.default_rng(seed).integers(len(paintings)))
    return 0


@torch.inference_mode()
def _central(paintings: ImageCache, vgg16: str, device: torch.device) -> int:
    """Return the frame whose mean features are nearest to the mean of all that are compared."""
    network = load_vgg16(vgg16, device)
    numbers = evenly_spaced(len(paintings), _MOST_FRAMES)

    def mean_features(number: int) -> Tensor:
        square = to_device(centre_square(paintings.image(number), multiple_of=4).copy()[None], device)
        return network(square, (_LAYER,))[_LAYER].mean((0, 2, 3))

    features = torch.stack([mean_features(number) for number in numbers])
    return numbers[int((features - features.mean(0)).square().sum(1).argmin())]
