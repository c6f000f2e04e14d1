"""How a picture becomes the input of FID's Inception network: the two ways in use, which give different values."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import Tensor
from torch.nn import functional

from vidstyle.networks.inception import SIDE
from vidstyle.pixels import as_tensor, to_floats


@dataclass(frozen=True)
class Resizer:
    """One way from (h, w, 3) uint8 RGB to (1, 3, 299, 299) network input, and its description for the record."""

    description: str
    prepare: Callable[[np.ndarray], Tensor]


def _as_pytorch_fid(rgb: np.ndarray) -> Tensor:
    """Bilinear without antialiasing, [0, 1] mapped to [-1, 1]."""
    resized = functional.interpolate(
        to_floats(as_tensor(rgb[None])), (SIDE, SIDE), mode="bilinear", align_corners=False
    )
    return resized * 2 - 1


def _as_clean_fid(rgb: np.ndarray) -> Tensor:
    """PIL's bicubic, which widens its kernel when it shrinks, on floats; (x - 128) / 128 (Parmar et al. 2022)."""
    levels = as_tensor(rgb[None]).permute(0, 3, 1, 2).float()
    resized = functional.interpolate(levels, (SIDE, SIDE), mode="bicubic", align_corners=False, antialias=True)
    return (resized.clamp(0, 255) - 128) / 128


BILINEAR = Resizer("bilinear, as pytorch-fid", _as_pytorch_fid)
BICUBIC = Resizer("bicubic, as PIL and clean-fid", _as_clean_fid)
