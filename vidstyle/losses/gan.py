"""The losses of a GAN: the adversarial loss, the R1 gradient penalty and the cycle consistency."""

import torch
from torch import Tensor
from torch.nn import functional


def adversarial_loss(scores: Tensor, real: bool, mode: str, label_smoothing: float = 0.0) -> Tensor:
    """Return the mean loss of discriminator `scores` that should all say `real`; a scalar in fp32.

    `mode` is `lsgan`, least squares to 1 for real and 0 for fake, or `vanilla`, the cross entropy of the scores as logits.
    Both targets lie `label_smoothing` nearer to the middle: 0.1 makes them 0.9 and 0.1.
    """
    label = 1 - label_smoothing if real else label_smoothing
    target = torch.full_like(scores, label, dtype=torch.float32)
    if mode == "lsgan":
        return functional.mse_loss(scores.float(), target)
    return functional.binary_cross_entropy_with_logits(scores.float(), target)


def r1_penalty(scores: Tensor, images: Tensor) -> Tensor:
    """Return the mean squared length of the gradient of `scores` in the real `images` (n, 3, h, w) that they judge.

    `images` must require a gradient. The penalty is differentiated a second time when a network learns from it.
    """
    (gradient,) = torch.autograd.grad(scores.sum(), images, create_graph=True)
    return gradient.square().sum((1, 2, 3)).mean()


def cycle_loss(restored: Tensor, originals: Tensor) -> Tensor:
    """Return the mean absolute difference of images that were translated there and back from what they were; fp32 scalar.

    Given images that a generator should leave alone, it is the identity loss.
    """
    return functional.l1_loss(restored.float(), originals.float())
