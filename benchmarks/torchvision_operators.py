"""Lets packages that import torchvision be compared with where it was built for another torch."""

from functools import lru_cache

import torch


@lru_cache(maxsize=1)
def declare_torchvisions_operators() -> torch.library.Library:
    """Declare the operators without which torchvision cannot be imported; they vanish with what is returned."""
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, name):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return library
