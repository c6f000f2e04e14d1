"""Pictures too large for the memory, put through an image model piece by piece, without seams."""

from collections.abc import Iterator

from torch import Tensor

from vidstyle.models.image_model import ImageModel


class Tiled:
    """An image model that applies another to overlapping tiles.

    Each tile covers `tile` x `tile` pixels of the result's source, and the model sees `overlap` pixels more on every
    side that is not a border of the picture. Where `overlap` covers the model's reach the result is that of the whole
    picture. Not for models that mix the whole frame, as those with instance normalisation do. Both are raised to the
    model's multiple.
    """

    def __init__(self, model: ImageModel, tile: int, overlap: int) -> None:
        self.model = model
        self.scale, self.multiple_of, self.half_ok = model.scale, model.multiple_of, model.half_ok
        self.tile = _raised(max(tile, 1), model.multiple_of)
        self.overlap = _raised(overlap, model.multiple_of)

    def __call__(self, images: Tensor) -> Tensor:
        """Return (n, 3, scale*h, scale*w) in [0, 1] for (n, 3, h, w) in [0, 1]."""
        height, width = images.shape[-2:]
        result = None
        for top, bottom in spans(height, self.tile):
            for left, right in spans(width, self.tile):
                piece = self._piece(images, (top, bottom), (left, right))
                if result is None:
                    result = piece.new_empty((*images.shape[:2], height * self.scale, width * self.scale))
                rows = slice(top * self.scale, bottom * self.scale)
                result[..., rows, left * self.scale : right * self.scale] = piece
        assert result is not None, "a picture has at least one pixel"
        return result

    def _piece(self, images: Tensor, rows: tuple[int, int], columns: tuple[int, int]) -> Tensor:
        """Return what the model makes of one tile, its surroundings cut off."""
        (seen_rows, kept_rows), (seen_columns, kept_columns) = (
            self._surroundings(span, size) for span, size in zip((rows, columns), images.shape[-2:], strict=True)
        )
        return self.model(images[..., seen_rows, seen_columns])[..., kept_rows, kept_columns]

    def _surroundings(self, span: tuple[int, int], size: int) -> tuple[slice, slice]:
        """Return which source pixels the model sees for `span`, and which pixels of its answer are kept."""
        start, stop = max(span[0] - self.overlap, 0), min(span[1] + self.overlap, size)
        return slice(start, stop), slice((span[0] - start) * self.scale, (span[1] - start) * self.scale)


def _raised(size: int, multiple: int) -> int:
    return size + -size % multiple


def spans(size: int, step: int) -> Iterator[tuple[int, int]]:
    """Yield the (start, stop) of the pieces along one side; all but the last are `step` long."""
    for start in range(0, size, step):
        yield start, min(start + step, size)
