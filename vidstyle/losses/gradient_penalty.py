"""The R1 penalty, which keeps a discriminator from running away (Mescheder et al., 2018, eq. 9)."""

import torch
from torch import Tensor


def r1_penalty(scores: Tensor, images: Tensor) -> Tensor:
    """Return the mean squared length of the scores' gradient in the real `images` (n, 3, h, w) they were given for.

    `images` require a gradient; the penalty is differentiated a second time when it is learnt from.
    """
    (gradient,) = torch.autograd.grad(scores.sum(), images, create_graph=True)
    return gradient.square().sum((1, 2, 3)).mean()
