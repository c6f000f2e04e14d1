"""Growing pictures to the sizes that a network takes."""

from torch import Tensor
from torch.nn import functional


def padded_to_multiple(images: Tensor, multiple: int, mode: str = "replicate") -> Tensor:
    """Return (n, c, h, w) grown at the bottom and right to whole multiples: the last row and column repeated, or, with
    the mode `reflect`, mirrored.
    """
    bottom, right = (-size % multiple for size in images.shape[-2:])
    return functional.pad(images, (0, right, 0, bottom), mode=mode) if bottom or right else images
