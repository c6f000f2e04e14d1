"""The one shape that every image-to-image network has in the pipeline."""

from typing import Protocol

from torch import Tensor


class ImageModel(Protocol):
    """Maps (n, 3, h, w) floats in [0, 1] to (n, 3, scale*h, scale*w) in [0, 1], on the device and dtype it was built for."""

    @property
    def scale(self) -> int:
        """How many times larger the result is."""
        ...

    @property
    def multiple_of(self) -> int:
        """What the network's height and width must be a multiple of; the model pads and cuts by itself."""
        ...

    @property
    def half_ok(self) -> bool:
        """Whether 16-bit floats keep the picture."""
        ...

    def __call__(self, images: Tensor) -> Tensor:
        """Return the images the model makes of `images`."""
        ...


class WholeFrameModel(ImageModel, Protocol):
    """An image model that mixes the whole frame, as instance norms do: tiles of it would show seams, strips do not."""

    def in_strips(self, rows: int) -> ImageModel:
        """Return the model with the same result from strips of `rows` rows, for frames that do not fit the memory."""
        ...
