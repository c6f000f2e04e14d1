"""Filters of OpenCV that smooth a picture and keep its edges: non-local means, and the guided filter on a CPU.

Non-local means (Buades, Coll and Morel, 2005): each pixel becomes a mean of those whose surroundings are like its own. The
guided filter is `vidstyle.networks.guided_filter` in a fifth of the time.
"""

import cv2
import numpy as np
import torch
from torch import Tensor

from vidstyle.networks.guided_filter import guided_filter

COLOUR_SHARE = 1.2
"""Strength for the colours over that for the lightness, as AnimeGANv3 cleans its targets (6 and 5)."""
PATCH, SEARCH = 5, 7
"""Sides in pixels of the surroundings that are compared, and of the window that is searched: AnimeGANv3's."""
STRIP_PIXELS, LEAST_ROWS = 1 << 16, 32
"""Pixels that are filtered at once, which fit a processor's cache, and the least rows of them."""


def clean(rgb: np.ndarray, strength: float) -> np.ndarray:
    """Return (h, w, 3) uint8 RGB without differences of about `strength` levels of 255; same shape and dtype."""
    bgr = np.ascontiguousarray(rgb[..., ::-1])
    cleaned = cv2.fastNlMeansDenoisingColored(bgr, None, strength, COLOUR_SHARE * strength, PATCH, SEARCH)
    return np.ascontiguousarray(cleaned[..., ::-1])


def guided_smoothing(guide: Tensor, image: Tensor, radius: int, epsilon: float) -> Tensor:
    """Return what `vidstyle.networks.guided_filter.guided_filter` returns, for (n, 3, h, w) float32 on the CPU.

    The result has channels last in memory. It differs from the plain one by rounding alone, at most 1e-5 in [0, 1].
    """
    height, width = image.shape[2:]
    if radius == 0 or min(height, width) < 2 * radius:
        return guided_filter(guide, image, radius, epsilon)
    guides, images = (tensor.permute(0, 2, 3, 1).contiguous().numpy() for tensor in (guide, image))
    result = np.empty_like(images)
    rows = max(LEAST_ROWS, STRIP_PIXELS // width)
    for number in range(len(images)):
        for start in range(0, height, rows):
            stop = min(start + rows, height)
            first, last = max(start - 2 * radius, 0), min(stop + 2 * radius, height)
            means = _WindowMean(radius, width, at_top=first == 0, at_bottom=last == height)
            slope, offset = _lines(guides[number, first:last], images[number, first:last], means, epsilon)
            inside, kept = result[number, start:stop], slice(start - first, stop - first)
            np.multiply(slope[kept], guides[number, start:stop], out=inside)
            inside += offset[kept]
    return torch.from_numpy(result).permute(0, 3, 1, 2)


def _lines(guide: np.ndarray, image: np.ndarray, means: "_WindowMean", epsilon: float) -> tuple[np.ndarray, np.ndarray]:
    """Return slope and offset of each pixel, (h, w, 3), as `mean_lines` does; all arrays are written over where they can be."""
    guide_mean, image_mean = means(guide), means(image)
    product = guide * guide
    variance = means(product)
    slope = means(np.multiply(guide, image, out=product))
    variance -= np.multiply(guide_mean, guide_mean, out=product)
    variance += np.float32(epsilon)
    slope -= np.multiply(guide_mean, image_mean, out=product)
    slope /= variance
    image_mean -= np.multiply(slope, guide_mean, out=product)
    return means(slope), means(image_mean)


class _WindowMean:
    """Means over the windows of rows of a picture, of the pixels that lie in it.

    The mean with zeros around the picture is right inside. Near its borders it is scaled by the share of the window in it.
    """

    def __init__(self, radius: int, width: int, *, at_top: bool, at_bottom: bool) -> None:
        side = 2 * radius + 1
        scale = side / np.arange(radius + 1, side, dtype=np.float32)
        self._radius, self._window = radius, (side, side)
        self._borders = [(np.s_[:, :radius], scale[:, None]), (np.s_[:, width - radius :], scale[::-1, None])]
        if at_top:
            self._borders.append((np.s_[:radius], scale[:, None, None]))
        if at_bottom:
            self._borders.append((np.s_[-radius:], scale[::-1, None, None]))

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Return the means of (rows, width, 3) float32."""
        means: np.ndarray = cv2.blur(values, self._window, borderType=cv2.BORDER_CONSTANT)
        for place, scale in self._borders:
            means[place] *= scale
        return means
