"""Resizing images, and padding them to a multiple of a number of pixels."""

from torch import Tensor
from torch.nn import functional


def resize(images: Tensor, size: tuple[int, int]) -> Tensor:
    """Return (n, 3, h, w) floats in [0, 1] as (n, 3, height, width) float32 in [0, 1], `size` being (width, height).

    The interpolation is bicubic. To shrink, its kernel is widened over all pixels that become one (antialiasing).
    """
    width, height = size
    if images.shape[-2:] == (height, width):
        return images.float()
    resized = functional.interpolate(
        images.float(), (height, width), mode="bicubic", align_corners=False, antialias=True
    )
    return resized.clamp(0, 1)


def padded_to_multiple(images: Tensor, multiple: int, mode: str = "replicate") -> Tensor:
    """Return (n, c, h, w) images padded at the bottom and the right to whole multiples of `multiple` pixels.

    `mode` is that of torch's padding: `replicate` repeats the last row and column, `reflect` mirrors the image.
    """
    bottom, right = (-size % multiple for size in images.shape[-2:])
    return functional.pad(images, (0, right, 0, bottom), mode=mode) if bottom or right else images
