"""Small warps and noise, under which a painting should change as its photo does: steadiness learnt from single photos.

A generator that paints a bent photo as the bent painting is steady in video too, without any flow when it paints. After
ReReVST (Wang et al., Consistent Video Style Transfer via Relaxation and Regularization, 2020).
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

GRID = 4
"""Points a side at which the bending is drawn; between them it is smooth."""
BEND, SHIFT = 2.0, 8.0
"""Deviation of the bending and largest shift, pixels."""
NOISE = 0.01
"""Deviation of the noise, on [-1, 1]: about one level of 255."""


@dataclass(frozen=True)
class Warp:
    """A smooth warp of images (n, c, h, w): where each pixel is fetched, (n, h, w, 2) as `grid_sample` takes it."""

    grid: Tensor

    @classmethod
    def draw(cls, images: Tensor, random: torch.Generator) -> "Warp":
        """Return a warp for `images`, bent and shifted by some pixels; its draws are made on the CPU."""
        count, _, height, width = images.shape
        bend = torch.randn(count, 2, GRID, GRID, generator=random) * BEND
        shift = (torch.rand(count, 2, 1, 1, generator=random) * 2 - 1) * SHIFT
        pixels = functional.interpolate(bend, (height, width), mode="bicubic", align_corners=True) + shift
        moved = pixels * (2 / torch.tensor([width, height]).view(1, 2, 1, 1))
        identity = functional.affine_grid(torch.eye(2, 3)[None], [1, 1, height, width], align_corners=False)
        return cls((identity + moved.permute(0, 2, 3, 1)).to(images.device))

    def __call__(self, images: Tensor) -> Tensor:
        """Return the images fetched along the warp; the border is repeated."""
        return functional.grid_sample(images, self.grid, mode="bilinear", padding_mode="border", align_corners=False)

    @property
    def inside(self) -> Tensor:
        """1 where a pixel comes from inside the picture, else 0: (n, 1, h, w)."""
        return (self.grid.abs() <= 1).all(-1)[:, None].float()


def bent_and_noisy(images: Tensor, warp: Warp, random: torch.Generator) -> Tensor:
    """Return images (n, 3, h, w) in [-1, 1] along the warp with fresh noise, in the memory layout of generators."""
    noise = torch.randn(images.shape, generator=random) * NOISE
    noisy = warp(images) + noise.to(images.device)
    return noisy.clamp(-1, 1).contiguous(memory_format=torch.channels_last)


def steady_loss(painted: Tensor, painted_bent: Tensor, warp: Warp) -> Tensor:
    """Return the mean absolute difference between the bent painting and the painting of the bent photo; fp32 scalar.

    Pixels that come from outside the picture do not count.
    """
    inside = warp.inside
    difference = (painted_bent.float() - warp(painted.float())).abs().mean(1, keepdim=True)
    return (difference * inside).sum() / inside.sum().clamp(min=1)
