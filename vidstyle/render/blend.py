"""How much of the style, and whose colours, go into the picture."""

from torch import Tensor

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in lightness, ITU-R BT.601."""


def keep_colour(painted: Tensor, source: Tensor) -> Tensor:
    """Return the painting's lightness with the source's colour differences; all (n, 3, h, w) in [0, 1]."""
    return (source + _lightness(painted) - _lightness(source)).clamp(0, 1)


def _lightness(images: Tensor) -> Tensor:
    weights = images.new_tensor(LUMA).view(1, 3, 1, 1)
    return (images * weights).sum(1, keepdim=True)


def blend(painted: Tensor, source: Tensor, share: float) -> Tensor:
    """Return `share` of the painting over the rest of the source; all (n, 3, h, w) in [0, 1]."""
    return painted if share == 1 else source + (painted - source) * share
