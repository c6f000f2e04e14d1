"""How the painting is mixed with its source: the share of the style, and whose colours the picture has."""

import torch
from torch import Tensor

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in lightness, ITU-R BT.601."""

NOISE_LEVELS, PICTURE_LEVELS = 1, 3
"""Standard deviations of a frame, in levels of 255. Up to the first it shows nothing, from the second on a picture."""
SAMPLE_STEP = 4
"""One pixel of so many by so many tells of most frames that they show a picture."""


def keep_colour(painted: Tensor, source: Tensor) -> Tensor:
    """Return the painting's lightness with the source's colour differences; all (n, 3, h, w) in [0, 1]."""
    return (source + _lightness(painted) - _lightness(source)).clamp(0, 1)


def _lightness(images: Tensor) -> Tensor:
    weights = images.new_tensor(LUMA).view(1, 3, 1, 1)
    return (images * weights).sum(1, keepdim=True)


def blend(painted: Tensor, source: Tensor, share: float) -> Tensor:
    """Return `share` of the painting over the rest of the source; all (n, 3, h, w) in [0, 1]."""
    return painted if share == 1 else source + (painted - source) * share


def without_noise(painted: Tensor, source: Tensor) -> Tensor:
    """Return the painting, faded into the source where a frame has no contrast; both (n, 3, h, w) in [0, 1].

    Instance norm stretches whatever contrast there is. Without this, a black frame would become a picture of rounding errors.
    """
    return fade(painted, source, shown_share(source))


def shown_share(source: Tensor) -> Tensor:
    """Return the share of each painting that is shown, (n, 1, 1, 1): 0 where its (n, 3, h, w) source has no contrast."""
    if source.device.type == "cpu" and surely_shown(source):
        return torch.ones(len(source), 1, 1, 1)
    contrast = source.flatten(2).std(dim=2, correction=0).amax(1)
    share = (contrast * 255 - NOISE_LEVELS) / (PICTURE_LEVELS - NOISE_LEVELS)
    return share.clamp(0, 1).view(-1, 1, 1, 1)


def surely_shown(source: Tensor) -> bool:
    """Return whether a few pixels of (n, 3, h, w) in [0, 1], or in uint8, suffice to tell that every frame shows a picture.

    The squared distances of all pixels from their mean add up to those of the few from theirs, or to more.
    """
    few = source[..., ::SAMPLE_STEP, ::SAMPLE_STEP].float()
    least = few.flatten(2).var(dim=2, correction=0).amax(1) * (few[0, 0].numel() / source[0, 0].numel())
    levels = 1 if source.dtype == torch.uint8 else 255
    return bool((least * levels**2 >= PICTURE_LEVELS**2).all())


def fade(painted: Tensor, source: Tensor, shown: Tensor) -> Tensor:
    """Return the share `shown`, (n, 1, 1, 1), of the painting over the rest of the source; both (n, 3, h, w) in [0, 1]."""
    if shown.device.type == "cpu" and bool((shown == 1).all()):
        return painted
    return source + (painted - source) * shown
