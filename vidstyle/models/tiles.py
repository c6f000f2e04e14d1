"""Running an image model over a large picture tile by tile, without seams."""

from collections.abc import Iterator

from torch import Tensor

from vidstyle.models.image_model import ImageModel

DEFAULT_RECEPTIVE_RADIUS = 64
"""Overlap of tiles, in input pixels, for models whose receptive field is not known: seams are faint, not ruled out."""


class Tiled:
    """An image model that applies another one to overlapping tiles.

    Each tile covers `tile` x `tile` pixels of the input. The model also sees `overlap` pixels around it, except beyond
    the picture's borders. Where `overlap` covers the model's receptive radius the result is that of the whole picture.
    Not for models that mix the whole frame, as those with instance norms do. Both numbers are rounded up to the
    model's multiple.
    """

    def __init__(self, model: ImageModel, tile: int, overlap: int) -> None:
        self.model = model
        self.scale, self.multiple_of, self.half_ok = model.scale, model.multiple_of, model.half_ok
        self.tile = _rounded_up(max(tile, 1), model.multiple_of)
        self.overlap = _rounded_up(overlap, model.multiple_of)

    def __call__(self, images: Tensor) -> Tensor:
        """Return (n, 3, scale*h, scale*w) in [0, 1] for (n, 3, h, w) in [0, 1]."""
        height, width = images.shape[-2:]
        result = None
        for top, bottom in chunks(height, self.tile):
            for left, right in chunks(width, self.tile):
                tile = self._run_tile(images, (top, bottom), (left, right))
                if result is None:
                    result = tile.new_empty((*images.shape[:2], height * self.scale, width * self.scale))
                rows = slice(top * self.scale, bottom * self.scale)
                result[..., rows, left * self.scale : right * self.scale] = tile
        assert result is not None, "a picture has at least one pixel"
        return result

    def _run_tile(self, images: Tensor, rows: tuple[int, int], columns: tuple[int, int]) -> Tensor:
        """Return the model's result for one tile, without the overlap."""
        height, width = images.shape[-2:]
        input_rows, kept_rows = self._with_overlap(rows, height)
        input_columns, kept_columns = self._with_overlap(columns, width)
        return self.model(images[..., input_rows, input_columns])[..., kept_rows, kept_columns]

    def _with_overlap(self, chunk: tuple[int, int], size: int) -> tuple[slice, slice]:
        """Return the input pixels that the model sees for `chunk`, and the part of its result that is kept."""
        start, stop = max(chunk[0] - self.overlap, 0), min(chunk[1] + self.overlap, size)
        return slice(start, stop), slice((chunk[0] - start) * self.scale, (chunk[1] - start) * self.scale)


def _rounded_up(size: int, multiple: int) -> int:
    return size + -size % multiple


def chunks(size: int, step: int) -> Iterator[tuple[int, int]]:
    """Yield the (start, stop) of consecutive chunks of `size`; all but the last are `step` long."""
    for start in range(0, size, step):
        yield start, min(start + step, size)
