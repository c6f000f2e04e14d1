"""Which cartoon frame a single-image method learns from."""

import numpy as np
import torch
from torch import Tensor

from vidstyle.models.feature_network import load_vgg16
from vidstyle.train.data.cache import ImageCache
from vidstyle.train.samples import centre_square

_LOOKED_AT = 256
_LAYER = "relu5_3"


def choose_style_image(choice: str, paintings: ImageCache, seed: int, vgg16: str, device: torch.device) -> int:
    """Return the number of the chosen painting: the one whose features lie nearest to their mean, one drawn by the seed,
    or the only one there is.

    Raises StyleError where features are needed and VGG16 is missing."""
    if choice == "central" and len(paintings) > 1:
        return _central(paintings, vgg16, device)
    if choice == "random":
        return int(np.random.default_rng(seed).integers(len(paintings)))
    return 0


@torch.inference_mode()
def _central(paintings: ImageCache, vgg16: str, device: torch.device) -> int:
    """Of at most 256 frames, evenly spread, return the one whose mean features are nearest to the mean of all."""
    network = load_vgg16(vgg16, device)
    numbers = np.unique(np.linspace(0, len(paintings) - 1, min(_LOOKED_AT, len(paintings))).round().astype(int))

    def features(number: int) -> Tensor:
        values = torch.from_numpy(centre_square(paintings.image(number)).copy()).to(device)
        return network(values.permute(2, 0, 1)[None].float() / 255, (_LAYER,))[_LAYER].mean((0, 2, 3))

    found = torch.stack([features(int(number)) for number in numbers])
    return int(numbers[int((found - found.mean(0)).square().sum(1).argmin())])
