"""Resizing images and pixels, and padding images to a multiple of a number of pixels."""

import torch
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


def resize_pixels(pixels: Tensor, size: tuple[int, int]) -> Tensor:
    """Return (n, h, w, 3) uint8 as (n, height, width, 3) uint8, as `resize` does it, rounded, `size` being (width, height).

    On a CPU it takes a tenth of the time. It computes in whole numbers, so that a value may be one off the nearest; and more
    beside white and black, beyond which the kernel reaches there: that is clipped across before it is weighted down.
    """
    width, height = size
    planes = pixels.permute(0, 3, 1, 2)
    resized = functional.interpolate(planes, (height, width), mode="bicubic", align_corners=False, antialias=True)
    return resized.permute(0, 2, 3, 1)


def padded_to_multiple(images: Tensor, multiple: int, mode: str = "replicate") -> Tensor:
    """Return (n, c, h, w) images padded at the bottom and the right to whole multiples of `multiple` pixels.

    `mode` is that of torch's padding: `replicate` repeats the last row and column, `reflect` mirrors the image.
    """
    bottom, right = (-size % multiple for size in images.shape[-2:])
    if not bottom and not right:
        return images
    if mode != "replicate":
        return functional.pad(images, (0, right, 0, bottom), mode=mode)
    # Torch's own padding takes three times as long where channels are last.
    count, channels, height, width = images.shape
    layout = torch.contiguous_format if images.is_contiguous() else torch.channels_last
    size = (count, channels, height + bottom, width + right)
    padded = torch.empty(size, dtype=images.dtype, device=images.device, memory_format=layout)
    padded[..., :height, :width] = images
    padded[..., height:, :width] = images[..., -1:, :]
    padded[..., width:] = padded[..., width - 1 : width]
    return padded
