"""The interface of all image-to-image models, which the rest of the program relies on: images in, images out."""

from typing import Protocol

from torch import Tensor


class ImageModel(Protocol):
    """Maps (n, 3, h, w) floats in [0, 1] to (n, 3, scale*h, scale*w) in [0, 1].

    Inputs may be on any device; the result is on the device and in the dtype that the model was built for.
    """

    @property
    def scale(self) -> int:
        """How many times larger the result is."""
        ...

    @property
    def multiple_of(self) -> int:
        """What the network's height and width must be a multiple of; the model itself pads and crops to it."""
        ...

    @property
    def half_ok(self) -> bool:
        """Whether the model works in 16-bit floats without visible damage."""
        ...

    def __call__(self, images: Tensor) -> Tensor:
        """Return the model's result for `images`."""
        ...


class WholeFrameModel(ImageModel, Protocol):
    """An image model that mixes the whole frame, as instance norms do: tiles of it would show seams, strips do not."""

    def in_strips(self, rows: int) -> ImageModel:
        """Return a model with the same result that works in strips of `rows` rows, for frames too large for the memory."""
        ...
