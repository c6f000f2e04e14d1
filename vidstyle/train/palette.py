"""The cartoon's palette: how light and how colourful it is beside the photos, and a photo moved towards that.

Cartoons are mostly lighter and more colourful than photos. Lightness moves by a power, which leaves black and white, and
chroma by a factor, which leaves grey and every hue. So night stays night, and a grey road never turns green.
"""

import torch
from torch import Tensor

from vidstyle.losses.white_box import lab, srgb
from vidstyle.train.distributed import average

POWERS, FACTORS = (0.5, 2.0), (0.5, 2.0)
"""How far lightness and chroma can move at most, whatever the means say."""
STATISTICS = ("photo lightness", "photo chroma", "cartoon lightness", "cartoon chroma")


class Palette:
    """Means of CIE L* / 100 and chroma of either side over all batches so far; in all processes the same.

    `strength` is how far a photo moves towards the cartoon: 0 not at all, 1 until the means agree.
    """

    def __init__(self, strength: float) -> None:
        self.strength = strength
        self.sums, self.batches = torch.zeros(len(STATISTICS), dtype=torch.float64), 0

    def update(self, photos: Tensor, paintings: Tensor) -> None:
        """Take a batch of either side, (n, 3, h, w) sRGB in [-1, 1]."""
        values = [value for side in (photos, paintings) for value in _lightness_and_chroma(side)]
        means = average(dict(zip(STATISTICS, values, strict=True)))
        self.sums += torch.tensor([means[name] for name in STATISTICS], dtype=torch.float64)
        self.batches += 1

    def __call__(self, photos: Tensor) -> Tensor:
        """Return photos, (n, 3, h, w) sRGB in [-1, 1], as light and as colourful as the strength says; same range."""
        if not (self.strength and self.batches):
            return photos
        photo_lightness, photo_chroma, lightness, chroma = (self.sums / self.batches).clamp(0.01, 100).tolist()
        power = _limited(_logarithm(lightness) / _logarithm(photo_lightness), POWERS) ** self.strength
        factor = _limited(chroma / photo_chroma, FACTORS) ** self.strength
        colours = lab(photos)
        moved = 100 * (colours[:, :1] / 100).clamp(0, 1) ** power
        return srgb(torch.cat([moved, colours[:, 1:] * factor], 1)).clamp(-1, 1)

    def state_dict(self) -> dict[str, object]:
        """Return what a bit-exact resume needs."""
        return {"sums": self.sums, "batches": self.batches}

    def load_state_dict(self, state: dict[str, object]) -> None:
        """Restore what `state_dict` returned."""
        sums, batches = state["sums"], state["batches"]
        assert isinstance(sums, Tensor) and isinstance(batches, int)
        self.sums, self.batches = sums.clone(), batches


def _lightness_and_chroma(images: Tensor) -> tuple[float, float]:
    colours = lab(images)
    return float(colours[:, 0].mean() / 100), float(colours[:, 1:].square().sum(1).sqrt().mean())


def _logarithm(lightness: float) -> float:
    """Return the logarithm of a mean of L* / 100, kept from 0, which a white picture would give."""
    return float(torch.tensor(min(lightness, 0.99)).log())


def _limited(value: float, limits: tuple[float, float]) -> float:
    return min(max(value, limits[0]), limits[1])
