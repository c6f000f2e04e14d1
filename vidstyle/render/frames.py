"""Pictures between host and device: integers there, floats in [0, 1] here. The only place that converts."""

import numpy as np
import torch
from torch import Tensor


def to_device(frames: np.ndarray, device: torch.device) -> Tensor:
    """Return (n, height, width, 3) uint8 or uint16 as (n, 3, height, width) float32 in [0, 1] on `device`."""
    if frames.dtype == np.uint16:
        moved = torch.from_numpy(np.ascontiguousarray(frames).view(np.int16)).to(device)
        numbers = (moved.to(torch.int32) & 0xFFFF).to(torch.float32) / 65535
    else:
        numbers = torch.from_numpy(np.ascontiguousarray(frames)).to(device).to(torch.float32) / 255
    return numbers.permute(0, 3, 1, 2).contiguous()


def to_host(images: Tensor, *, deep: bool) -> np.ndarray:
    """Return (n, 3, height, width) floats, rounded on their device, as (n, height, width, 3) uint8, or uint16 if `deep`."""
    top = 65535 if deep else 255
    whole = images.float().clamp(0, 1).mul(top).round().permute(0, 2, 3, 1).contiguous()
    if deep:
        return whole.to(torch.int32).to(torch.int16).cpu().numpy().view(np.uint16)
    return whole.to(torch.uint8).cpu().numpy()
