"""The cartoon's palette: how light and how colourful it is beside the photos, and a photo moved towards that.

Cartoons are mostly lighter in the shadows and more colourful than photos. Histogram specification (Gonzalez and Woods,
*Digital Image Processing*, 3.3.2) moves lightness: as many pixels become as dark as in the cartoon. A factor moves chroma,
which leaves grey and every hue. So a grey road never turns green.
"""

import numpy as np
import torch
from torch import Tensor

from vidstyle.losses.white_box import lab, srgb
from vidstyle.train.distributed import average_tensor

LEVELS = 101
"""Whole steps of CIE L*, 0 to 100."""
FACTORS = (0.5, 2.0)
"""How far chroma can move at most, whatever the means say."""
EVEN_BATCHES = 8
"""Weight of an even histogram among those of the batches. The first few batches alone would say little."""


class Palette:
    """Histograms of lightness and means of chroma, of photos and of cartoon frames, over all batches so far.

    They are the same in all processes. `strength` is how far a photo moves towards the cartoon: 0 not at all, 1 until the
    histograms and the means agree.
    """

    def __init__(self, strength: float) -> None:
        self.strength = strength
        self.sums, self.batches = torch.zeros(2, LEVELS + 1, dtype=torch.float64), 0

    def update(self, photos: Tensor, paintings: Tensor) -> None:
        """Take a batch of either side, (n, 3, h, w) sRGB in [-1, 1]."""
        self.sums += average_tensor(torch.stack([_statistics(photos), _statistics(paintings)]))
        self.batches += 1

    def __call__(self, photos: Tensor) -> Tensor:
        """Return photos, (n, 3, h, w) sRGB in [-1, 1], as light and as colourful as the strength says; same range."""
        if not (self.strength and self.batches):
            return photos
        photo_chroma, chroma = (self.sums[:, -1] / self.batches).clamp(min=0.01).tolist()
        factor = min(max(chroma / photo_chroma, FACTORS[0]), FACTORS[1]) ** self.strength
        colours = lab(photos)
        moved = _interpolated(self._curve().to(photos), colours[:, :1])
        return srgb(torch.cat([moved, colours[:, 1:] * factor], 1)).clamp(-1, 1)

    def _curve(self) -> Tensor:
        """Return the lightness that each level moves to, (LEVELS,) float64 in 0 to 100."""
        levels = np.arange(LEVELS)
        counts = self.sums[:, :-1].numpy() + EVEN_BATCHES / LEVELS
        ranks = counts.cumsum(1) - counts / 2
        moved = np.interp(ranks[0], ranks[1], levels)
        return torch.from_numpy(levels + self.strength * (moved - levels))

    def state_dict(self) -> dict[str, object]:
        """Return what a bit-exact resume needs."""
        return {"sums": self.sums, "batches": self.batches}

    def load_state_dict(self, state: dict[str, object]) -> None:
        """Restore what `state_dict` returned. Means without histograms, of a version before, are gathered anew."""
        sums, batches = state["sums"], state["batches"]
        assert isinstance(sums, Tensor) and isinstance(batches, int)
        if sums.shape == self.sums.shape:
            self.sums, self.batches = sums.clone(), batches


def _statistics(images: Tensor) -> Tensor:
    """Return the share of pixels at each level of lightness, then the mean chroma, (LEVELS + 1,) float64 on the CPU."""
    colours = lab(images)
    counts = torch.histc(colours[:, 0].float().cpu(), LEVELS, -0.5, LEVELS - 0.5).double()
    chroma = colours[:, 1:].square().sum(1).sqrt().mean()
    return torch.cat([counts / counts.sum(), chroma.cpu().double().view(1)])


def _interpolated(curve: Tensor, lightness: Tensor) -> Tensor:
    """Return the values of `curve` at L*, between its levels linearly."""
    lightness = lightness.clamp(0, LEVELS - 1)
    below = lightness.floor().clamp(max=LEVELS - 2)
    lower, upper = curve[below.long()], curve[below.long() + 1]
    return lower + (lightness - below) * (upper - lower)
