"""The cartoon's palette: how light and how colourful it is beside the photos, and a photo moved towards that.

Cartoons are mostly lighter in the shadows than photos, and few of their colours are as strong as the strongest of photos.
Histogram specification (Gonzalez and Woods, *Digital Image Processing*, 3.3.2) moves lightness and chroma: as many pixels
become as dark, and as colourful, as in the cartoon. Hues stay. No chroma grows by more than means do, so that a grey road
never turns green.
"""

import numpy as np
import torch
from torch import Tensor

from vidstyle.losses.white_box import lab, srgb
from vidstyle.train.distributed import average_tensor

LEVELS = 101
"""Whole steps of CIE L* and of chroma, 0 to 100. Stronger colours count as 100."""
FACTORS = (0.5, 2.0)
"""How far the mean of chroma can move at most, whatever the histograms say."""
EVEN_BATCHES = 8
"""Weight of an even histogram among those of the batches. The first few batches alone would say little."""


class Palette:
    """Histograms of lightness and chroma, of photos and of cartoon frames, over all batches so far; in all processes the same.

    `strength` is how far a photo moves towards the cartoon: 0 not at all, 1 until the histograms agree.
    """

    def __init__(self, strength: float) -> None:
        self.strength = strength
        self.sums, self.batches = torch.zeros(2, 2, LEVELS, dtype=torch.float64), 0

    def update(self, photos: Tensor, paintings: Tensor) -> None:
        """Take a batch of either side, (n, 3, h, w) sRGB in [-1, 1]."""
        self.sums += average_tensor(torch.stack([_histograms(photos), _histograms(paintings)], 1))
        self.batches += 1

    def __call__(self, photos: Tensor) -> Tensor:
        """Return photos, (n, 3, h, w) sRGB in [-1, 1], as light and as colourful as the strength says; same range."""
        if not (self.strength and self.batches):
            return photos
        colours = lab(photos)
        lightness_curve, chroma_curve = (_curve(sums.numpy(), self.strength).to(photos) for sums in self.sums)
        chroma = _chroma(colours).clamp(min=1e-3)
        factor = _interpolated(chroma_curve, chroma) / chroma.clamp(max=LEVELS - 1)
        moved = _interpolated(lightness_curve, colours[:, :1])
        return srgb(torch.cat([moved, colours[:, 1:] * factor.clamp(max=self._largest_factor())], 1)).clamp(-1, 1)

    def _largest_factor(self) -> float:
        """Return by how much the mean chroma of photos moves towards the cartoon's, at most."""
        photo, cartoon = (self.sums[1] @ torch.arange(LEVELS, dtype=torch.float64)).clamp(min=1e-3).tolist()
        return float(min(max(cartoon / photo, FACTORS[0]), FACTORS[1]) ** self.strength)

    def state_dict(self) -> dict[str, object]:
        """Return what a bit-exact resume needs."""
        return {"sums": self.sums, "batches": self.batches}

    def load_state_dict(self, state: dict[str, object]) -> None:
        """Restore what `state_dict` returned. Means without histograms, of a version before, are gathered anew."""
        sums, batches = state["sums"], state["batches"]
        assert isinstance(sums, Tensor) and isinstance(batches, int)
        if sums.shape == self.sums.shape:
            self.sums, self.batches = sums.clone(), batches


def _chroma(colours: Tensor) -> Tensor:
    return colours[:, 1:].square().sum(1, keepdim=True).sqrt()


def _histograms(images: Tensor) -> Tensor:
    """Return the shares of pixels at each level of lightness and of chroma, (2, LEVELS) float64 on the CPU."""
    colours = lab(images)
    levels = (values.float().clamp(0, LEVELS - 1).cpu() for values in (colours[:, 0], _chroma(colours)))
    counts = torch.stack([torch.histc(values, LEVELS, -0.5, LEVELS - 0.5).double() for values in levels])
    return counts / counts.sum(1, keepdim=True)


def _curve(sums: np.ndarray, strength: float) -> Tensor:
    """Return what each level of photos moves to, (LEVELS,) float64, by histograms of photos and of the cartoon, (2, LEVELS)."""
    levels = np.arange(LEVELS)
    counts = sums + EVEN_BATCHES / LEVELS
    ranks = counts.cumsum(1) - counts / 2
    moved = np.interp(ranks[0], ranks[1], levels)
    return torch.from_numpy(levels + strength * (moved - levels))


def _interpolated(curve: Tensor, values: Tensor) -> Tensor:
    """Return the values of `curve` at levels, between whole ones linearly."""
    values = values.clamp(0, LEVELS - 1)
    below = values.floor().clamp(max=LEVELS - 2)
    lower, upper = curve[below.long()], curve[below.long() + 1]
    return lower + (values - below) * (upper - lower)
