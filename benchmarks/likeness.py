"""How much of a source picture is left in what was painted from it."""

import torch
from torch import Tensor
from torch.nn import functional

LUMA = (0.299, 0.587, 0.114)
SSIM_SIGMA, SSIM_RADIUS = 1.5, 5
SSIM_C1, SSIM_C2 = 0.01**2, 0.03**2


def luma(images: Tensor) -> Tensor:
    """Return (n, 1, h, w) brightness of (n, 3, h, w) pictures, both in [0, 1] (ITU-R BT.601)."""
    return (images * torch.tensor(LUMA).view(3, 1, 1)).sum(1, keepdim=True)


def ssim(first: Tensor, second: Tensor) -> float:
    """Return the mean structural similarity of the brightness of two pictures in [0, 1] (Wang et al. 2004).

    Gaussian window of deviation 1.5 and 11 pixels, placed only where it lies within the picture.
    """
    a, b = luma(first).double(), luma(second).double()
    offsets = torch.arange(-SSIM_RADIUS, SSIM_RADIUS + 1, dtype=torch.float64)
    bell = torch.exp(-(offsets**2) / (2 * SSIM_SIGMA**2))
    window = (torch.outer(bell, bell) / bell.sum() ** 2)[None, None]
    mean_a, mean_b, aa, bb, ab = functional.conv2d(torch.cat((a, b, a * a, b * b, a * b)), window)
    structure = (2 * (ab - mean_a * mean_b) + SSIM_C2) / (aa - mean_a**2 + bb - mean_b**2 + SSIM_C2)
    return float((structure * (2 * mean_a * mean_b + SSIM_C1) / (mean_a**2 + mean_b**2 + SSIM_C1)).mean())


def edge_agreement(first: Tensor, second: Tensor) -> float:
    """Return the correlation of the gradient magnitudes (Sobel) of two pictures' brightness, -1 to 1."""
    slope = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    kernels = torch.stack((slope, slope.T))[:, None]
    edges = [functional.conv2d(luma(image), kernels).norm(dim=1).flatten() for image in (first, second)]
    return float(torch.corrcoef(torch.stack(edges))[0, 1])
