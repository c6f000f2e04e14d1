"""Declares torchvision's operators, so that packages that import a torchvision built for another torch can be used."""

from functools import lru_cache

import torch


@lru_cache(maxsize=1)
def declare_torchvisions_operators() -> torch.library.Library:
    """Declare the operators without which torchvision cannot be imported; they live as long as the returned library."""
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, name):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return library
