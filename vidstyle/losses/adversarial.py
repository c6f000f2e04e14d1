"""The adversarial losses: least squares (Mao et al., 2017), and the cross entropy of paper eq (2)."""

import torch
from torch import Tensor
from torch.nn import functional


def adversarial_loss(scores: Tensor, real: bool, mode: str) -> Tensor:
    """Return the mean loss of discriminator `scores` against the verdict `real`; a scalar in fp32."""
    target = torch.full_like(scores, float(real), dtype=torch.float32)
    if mode == "lsgan":
        return functional.mse_loss(scores.float(), target)
    return functional.binary_cross_entropy_with_logits(scores.float(), target)
