"""Conversion between pictures as arrays of pixels and as tensors of floats. All other modules convert by these functions.

Pixels are (n, height, width, 3) uint8 or uint16 arrays in RGB; floats are (n, 3, height, width) float32 in [0, 1].
Torch computes little with uint16: a tensor holds 16-bit pixels as int16 of the same bits.
"""

import numpy as np
import torch
from torch import Tensor

HALF_WHITE = 127.5
"""What lies between black and white of 8-bit pixels, and is 0 for a generator."""


def to_device(frames: np.ndarray, device: torch.device) -> Tensor:
    """Return (n, height, width, 3) uint8 or uint16 as (n, 3, height, width) float32 in [0, 1] on `device`."""
    return to_floats(as_tensor(frames).to(device))


def to_host(images: Tensor, *, sixteen_bit: bool) -> np.ndarray:
    """Return (n, 3, height, width) floats as a (n, height, width, 3) array on the host, rounded on their device.

    The array is uint16 if `sixteen_bit`, else uint8. Values beyond [0, 1] are clipped.
    """
    return as_array(to_pixels(images, sixteen_bit=sixteen_bit).cpu())


def as_tensor(frames: np.ndarray) -> Tensor:
    """Return uint8 or uint16 pixels as a tensor of the same memory, uint16 as int16 of the same bits."""
    whole = np.ascontiguousarray(frames)
    return torch.from_numpy(whole.view(np.int16) if whole.dtype == np.uint16 else whole)


def as_array(pixels: Tensor) -> np.ndarray:
    """Return pixels on the host as an array of the same memory, int16 as uint16 of the same bits."""
    numbers = pixels.numpy()
    return numbers.view(np.uint16) if numbers.dtype == np.int16 else numbers


def to_floats(pixels: Tensor, *, channels_last: bool = False) -> Tensor:
    """Return (n, height, width, 3) uint8, or 16-bit pixels as int16, as (n, 3, height, width) float32 in [0, 1].

    With `channels_last` they stay in memory as the pixels lie, which spares a copy; resizing them would be slower.
    """
    planes = pixels.permute(0, 3, 1, 2)
    planes = planes if channels_last else planes.contiguous()
    if pixels.dtype == torch.int16:
        return (planes.to(torch.int32) & 0xFFFF).to(torch.float32).div_(65535)
    return planes.to(torch.float32).div_(255)


def to_pixels(images: Tensor, *, sixteen_bit: bool) -> Tensor:
    """Return (n, 3, height, width) floats, rounded, as (n, height, width, 3) uint8, or int16 if `sixteen_bit`.

    Values beyond [0, 1] are clipped.
    """
    largest = 65535 if sixteen_bit else 255
    whole = images.float().mul(largest).round_().clamp_(0, largest)
    numbers = whole.to(torch.int32).to(torch.int16) if sixteen_bit else whole.to(torch.uint8)
    return numbers.permute(0, 2, 3, 1).contiguous()


def to_planes(picture: np.ndarray) -> Tensor:
    """Return a copy of one (height, width, 3) uint8 picture as (1, 3, height, width) uint8, channels last in memory."""
    return torch.from_numpy(picture.copy()).permute(2, 0, 1)[None]


def to_signed_floats(pixels: Tensor) -> Tensor:
    """Return uint8 pixels as float32 in [-1, 1], which is what generators take; shape and memory layout stay."""
    return pixels.to(torch.float32, copy=True).div_(HALF_WHITE).sub_(1)


def from_signed_floats(images: Tensor) -> Tensor:
    """Return floats in [-1, 1] as uint8 pixels, rounded, those beyond clipped; shape and memory layout stay."""
    return images.float().mul(HALF_WHITE).add_(HALF_WHITE).round_().clamp_(0, 255).to(torch.uint8)
