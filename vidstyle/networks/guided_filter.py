"""The guided filter of He, Sun and Tang (2013): it smooths a picture and keeps the edges of another one, its guide.

In every window the result is a line a * guide + b fitted to the picture. Where the guide is flat the result is flat, where
the guide has an edge the result has it too. White-box Cartoonization (Wang and Yu, 2020) ends with it, the photo as guide.
The fast guided filter (He and Sun, 2015) fits the lines to small copies and draws them by the guide of full size.

A guide of as many channels as the picture guides each channel by its own, as White-box Cartoonization does; a grey guide,
of one channel, guides all of them. The colour guide of the paper, a 3x3 matrix for each window, is not here.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

Rows = Callable[[int, int], Tensor]
"""Gives the rows from a first one to before another one of pictures, (n, c, rows, w)."""
STRIP_PIXELS = 1 << 19
"""Values of one channel that are filtered at once where no gradient is asked for: memory stays small at any size."""


def guided_filter(guide: Tensor, image: Tensor, radius: int, epsilon: float) -> Tensor:
    """Return `image` (n, c, h, w) smoothed, with the edges of `guide` (n, c or 1, h, w); same shape, dtype of `image`.

    Windows have 2 `radius` + 1 pixels a side, cut off at the borders. `epsilon` is the variance below which the guide
    counts as flat, in squared units of the guide: 5e-3 on [-1, 1] in White-box Cartoonization. Computes in fp32 at least.
    """
    if torch.is_grad_enabled() and (guide.requires_grad or image.requires_grad):
        return _filtered(guide, image, radius, epsilon)
    result, height = torch.empty_like(image), image.shape[2]
    for start, stop in row_strips(len(image), *image.shape[2:]):
        first, last = max(start - 2 * radius, 0), min(stop + 2 * radius, height)
        strip = image[:, :, first:last]
        strip = _filtered(strip if guide is image else guide[:, :, first:last], strip, radius, epsilon)
        result[:, :, start:stop] = strip[:, :, start - first : stop - first]
    return result


def fast_guided_filter(
    guide_small: Tensor, painted_small: Tensor, guide_full: Tensor, radius: int, epsilon: float
) -> Tensor:
    """Return `painted_small` at the size of `guide_full`, (n, c, h, w), with the edges of `guide_full`.

    `guide_small` (n, c or 1, hs, ws) is a small copy of `guide_full` (n, c or 1, h, w), and `painted_small` (n, c, hs, ws)
    what was painted of it. The lines are fitted at the small size, `radius` in its pixels, enlarged by bilinear
    interpolation with pixel centres kept, and drawn by the full-size guide. dtype of `painted_small`.
    """
    slope, offset = mean_lines(guide_small, painted_small, radius, epsilon)
    shape = (*painted_small.shape[:2], *guide_full.shape[2:])
    result = torch.empty(shape, dtype=painted_small.dtype, device=guide_full.device)
    slope_rows, offset_rows = (enlarged(lines, shape[2], shape[3]) for lines in (slope, offset))
    for start, stop in row_strips(len(result), *shape[2:]):
        slopes, offsets = slope_rows(start, stop), offset_rows(start, stop)
        result[:, :, start:stop] = slopes.mul(_wide(guide_full[:, :, start:stop])).add(offsets)
    return result


def mean_lines(guide: Tensor, image: Tensor, radius: int, epsilon: float) -> tuple[Tensor, Tensor]:
    """Return slope and offset at each pixel, (n, c, h, w): means over all windows that the pixel lies in.

    `slope` * `guide` + `offset` is the filtered `image`; see `guided_filter`. They have fp32 at least. With `radius` 0 the
    slope is 0 and the offset is `image` itself.
    """
    if guide is image:
        values = _wide(image)
        image_mean = guide_mean = box_mean(values, radius)
        covariance = variance = box_mean(values * values, radius) - guide_mean * guide_mean
    else:
        guide, image = _wide(guide), _wide(image)
        guide_mean, image_mean = box_mean(guide, radius), box_mean(image, radius)
        variance = box_mean(guide * guide, radius) - guide_mean * guide_mean
        covariance = box_mean(guide * image, radius) - guide_mean * image_mean
    slope = covariance / (variance + epsilon)
    return box_mean(slope, radius), box_mean(image_mean - slope * guide_mean, radius)


def enlarged(lines: Tensor, height: int, width: int) -> Rows:
    """Return what gives rows of (n, c, hs, ws) enlarged to (n, c, height, width); bilinear, pixel centres kept."""

    def rows(start: int, stop: int) -> Tensor:
        places = torch.arange(start, stop, device=lines.device, dtype=lines.dtype)
        places = ((places + 0.5) * (lines.shape[2] / height) - 0.5).clamp(min=0)
        above = places.long().clamp(max=lines.shape[2] - 1)
        below = (above + 1).clamp(max=lines.shape[2] - 1)
        tall = torch.lerp(lines.index_select(2, above), lines.index_select(2, below), (places - above)[:, None])
        return functional.interpolate(tall, (stop - start, width), mode="bilinear", align_corners=False)

    return rows


def row_strips(count: int, height: int, width: int) -> list[tuple[int, int]]:
    """Return the (start, stop) rows by which `count` pictures are filtered: at most STRIP_PIXELS values of a channel."""
    rows = max(1, STRIP_PIXELS // (count * width))
    return [(start, min(start + rows, height)) for start in range(0, height, rows)]


def box_mean(images: Tensor, radius: int) -> Tensor:
    """Return the mean over the window around each pixel of (n, c, h, w) floats, of the pixels that lie in the picture.

    Sums of a window come from sums of half of it, so that a window of n pixels a side takes about 2 log2 n additions,
    and no sum is larger than a window's: rounding does not grow with the picture, as it does with running sums.
    """
    total: Tensor = _BoxSum.apply(images, radius)
    down, across = (_window_counts(size, radius, images) for size in images.shape[2:])
    return total / (down[:, None] * across)


def _filtered(guide: Tensor, image: Tensor, radius: int, epsilon: float) -> Tensor:
    slope, offset = mean_lines(guide, image, radius, epsilon)
    return (slope * _wide(guide) + offset).to(image.dtype)


def _wide(values: Tensor) -> Tensor:
    return values.to(torch.promote_types(values.dtype, torch.float32))


class _BoxSum(torch.autograd.Function):
    """Sums over windows, zeros around the picture; handing gradients back is the same sum of them."""

    @staticmethod
    def forward(context: Any, images: Tensor, radius: int) -> Tensor:
        context.radius = radius
        return _box_sum(images, radius)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return _box_sum(gradient, context.radius), None


def _box_sum(images: Tensor, radius: int) -> Tensor:
    rows = _window_sums(functional.pad(images, (0, 0, radius, radius)), 2 * radius + 1, dim=2)
    return _window_sums(functional.pad(rows, (radius, radius)), 2 * radius + 1, dim=3)


def _window_sums(values: Tensor, window: int, dim: int) -> Tensor:
    """Return the sums of `window` neighbours along `dim`, which becomes `window` - 1 shorter, by doubled partial sums."""
    length, total = values.shape[dim] - window + 1, torch.zeros((), dtype=values.dtype, device=values.device)
    partial, size, taken = values, 1, 0
    while True:
        if window & size:
            part = partial.narrow(dim, taken, length)
            total = total + part if taken else part
            taken += size
        if taken == window:
            return total
        kept = partial.shape[dim] - size
        partial, size = partial.narrow(dim, 0, kept) + partial.narrow(dim, size, kept), 2 * size


def _window_counts(size: int, radius: int, like: Tensor) -> Tensor:
    """Return (size,) how many pixels of a side of `size` lie in the window around each."""
    places = torch.arange(size, device=like.device, dtype=like.dtype)
    return (places + radius).clamp(max=size - 1) - (places - radius).clamp(min=0) + 1
