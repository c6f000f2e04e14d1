"""The losses with which CycleGAN keeps the content (Zhu et al., 2017, eq. 2 and section 5.2)."""

from torch import Tensor
from torch.nn import functional


def cycle_loss(restored: Tensor, originals: Tensor) -> Tensor:
    """Return the mean absolute difference of images that went there and back to what they were; fp32 scalar.

    With images that a generator should leave as they are it is the identity loss.
    """
    return functional.l1_loss(restored.float(), originals.float())
