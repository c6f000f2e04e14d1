"""The one shape that every image-to-image network has in the pipeline."""

from typing import Protocol

from torch import Tensor


class ImageModel(Protocol):
    """Maps (n, 3, h, w) floats in [0, 1] to (n, 3, scale*h, scale*w) in [0, 1], on the device and dtype it was built for.

    `multiple_of`: h and w are padded by the model itself to this multiple, and the result is cut back.
    `half_ok`: whether 16-bit floats keep the picture.
    """

    scale: int
    multiple_of: int
    half_ok: bool

    def __call__(self, images: Tensor) -> Tensor:
        """Return the images the model makes of `images`."""
        ...
