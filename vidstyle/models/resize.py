"""Resizing on the device, without ringing beyond the range and without aliasing."""

from torch import Tensor
from torch.nn import functional


def resize(images: Tensor, size: tuple[int, int]) -> Tensor:
    """Return (n, 3, h, w) floats in [0, 1] as (n, 3, height, width) float32 of `size`, which is (width, height).

    Bicubic, its kernel widened to cover the pixels it takes together when it shrinks.
    """
    width, height = size
    if images.shape[-2:] == (height, width):
        return images.float()
    resized = functional.interpolate(
        images.float(), (height, width), mode="bicubic", align_corners=False, antialias=True
    )
    return resized.clamp(0, 1)
