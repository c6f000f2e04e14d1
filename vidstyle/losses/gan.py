"""The losses of a GAN: adversarial, R1 gradient penalty and cycle consistency."""

import torch
from torch import Tensor
from torch.nn import functional


def adversarial_loss(scores: Tensor, real: bool, mode: str) -> Tensor:
    """Return the mean loss of discriminator `scores` against the verdict `real`; a scalar in fp32."""
    target = torch.full_like(scores, float(real), dtype=torch.float32)
    if mode == "lsgan":
        return functional.mse_loss(scores.float(), target)
    return functional.binary_cross_entropy_with_logits(scores.float(), target)


def r1_penalty(scores: Tensor, images: Tensor) -> Tensor:
    """Return the mean squared length of the scores' gradient in the real `images` (n, 3, h, w) they were given for.

    `images` require a gradient; the penalty is differentiated a second time when it is learnt from.
    """
    (gradient,) = torch.autograd.grad(scores.sum(), images, create_graph=True)
    return gradient.square().sum((1, 2, 3)).mean()


def cycle_loss(restored: Tensor, originals: Tensor) -> Tensor:
    """Return the mean absolute difference of images that went there and back to what they were; fp32 scalar.

    With images that a generator should leave as they are it is the identity loss.
    """
    return functional.l1_loss(restored.float(), originals.float())
