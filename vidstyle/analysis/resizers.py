"""How a picture becomes the input of FID's Inception network: the two ways in use, which give different figures."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from vidstyle.networks.inception import SIDE


@dataclass(frozen=True)
class Resizer:
    """One way from (h, w, 3) uint8 RGB to (1, 3, 299, 299) network input, and its description for the record."""

    description: str
    prepare: Callable[[np.ndarray], Tensor]


def _as_pytorch_fid(rgb: np.ndarray) -> Tensor:
    """Bilinear without antialiasing, [0, 1] mapped to [-1, 1]."""
    resized = functional.interpolate(_planes(rgb) / 255, (SIDE, SIDE), mode="bilinear", align_corners=False)
    return resized * 2 - 1


def _as_clean_fid(rgb: np.ndarray) -> Tensor:
    """PIL's bicubic, which widens its kernel when it shrinks, on floats; (x - 128) / 128 (Parmar et al. 2022)."""
    resized = functional.interpolate(_planes(rgb), (SIDE, SIDE), mode="bicubic", align_corners=False, antialias=True)
    return (resized.clamp(0, 255) - 128) / 128


def _planes(rgb: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(rgb)).permute(2, 0, 1)[None].float()


BILINEAR = Resizer("bilinear, as pytorch-fid", _as_pytorch_fid)
BICUBIC = Resizer("bicubic, as PIL and clean-fid", _as_clean_fid)
