"""How much of a source picture is left in what was painted from it."""

import torch
from torch import Tensor
from torch.nn import functional

LUMA = (0.299, 0.587, 0.114)


def luma(images: Tensor) -> Tensor:
    """Return (n, 1, h, w) brightness of (n, 3, h, w) pictures, both in [0, 1] (ITU-R BT.601)."""
    return (images * torch.tensor(LUMA).view(3, 1, 1)).sum(1, keepdim=True)


def edge_agreement(first: Tensor, second: Tensor) -> float:
    """Return the correlation of the gradient magnitudes (Sobel) of two pictures' brightness, -1 to 1."""
    slope = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    kernels = torch.stack((slope, slope.T))[:, None]
    edges = [functional.conv2d(luma(image), kernels).norm(dim=1).flatten() for image in (first, second)]
    return float(torch.corrcoef(torch.stack(edges))[0, 1])
