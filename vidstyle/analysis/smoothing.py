"""Filters of OpenCV that smooth pictures and keep their edges: in a picture, and over the frames of a video.

Non-local means (Buades, Coll and Morel, 2005): each pixel becomes a mean of those whose surroundings are like its own. The
guided filter is `vidstyle.networks.guided_filter` in a fifth of the time. Adaptive temporal averaging takes noise from video.
"""

from collections import deque
from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import torch
from torch import Tensor

from vidstyle.networks import guided_filter as plain

COLOUR_SHARE = 1.2
"""Strength for the colours over that for the lightness, as AnimeGANv3 cleans its targets (6 and 5)."""
PATCH, SEARCH = 5, 7
"""Sides in pixels of the surroundings that are compared, and of the window that is searched: AnimeGANv3's."""
NOISE = 8
"""Largest change of a pixel that a TemporalAverage counts in full, of 255; twice as much does not count at all."""
STRIP_PIXELS, LEAST_ROWS = 1 << 16, 32
"""Pixels that are filtered at once, which fit a processor's cache, and the least rows of them."""

LARGEST_WHOLE = 9_000_000
"""Pixels up to which the lines of a result are enlarged at once, which takes 24 bytes for each: a frame of 3840x2160."""


def clean(rgb: np.ndarray, strength: float) -> np.ndarray:
    """Return (h, w, 3) uint8 RGB without differences of about `strength` levels of 255; same shape and dtype."""
    bgr = np.ascontiguousarray(rgb[..., ::-1])
    cleaned = cv2.fastNlMeansDenoisingColored(bgr, None, strength, COLOUR_SHARE * strength, PATCH, SEARCH)
    return np.ascontiguousarray(cleaned[..., ::-1])


class TemporalAverage:
    """Averages each frame of a video with the two before it, pixel by pixel, where it changes no more than noise does.

    No motion is looked for: what moves changes by more, and stays as it is. A change d to an earlier frame counts as
    min(|d|, max(2 * NOISE - |d|, 0)), in its direction, by the share of that frame in a plain mean. So no value moves by more
    than NOISE * 2/3. It remembers the last frames as they came.
    """

    looks_back = 2

    def __init__(self) -> None:
        self._earlier: deque[np.ndarray] = deque(maxlen=self.looks_back)

    def __call__(self, frames: np.ndarray) -> np.ndarray:
        """Return the next frames, (n, height, width, 3) uint8 or uint16, with less noise; a new array."""
        averaged = np.array(frames)
        for frame, result in zip(frames, averaged, strict=True):
            for start, stop in row_strips(1, *frame.shape[:2]) if self._earlier else ():
                _add_changes(result[start:stop], [before[start:stop] for before in self._earlier])
            self._earlier.append(frame)
        return averaged

    def forget(self) -> None:
        """Forget all frames; the next one is the first of a video."""
        self._earlier.clear()


def guided_filter(guide: Tensor, image: Tensor, radius: int, epsilon: float) -> Tensor:
    """Return what `vidstyle.networks.guided_filter.guided_filter` does, for (n, 3, h, w) float32 on the CPU.

    The result has channels last in memory. It differs from the plain one by rounding alone, at most 1e-5 in [0, 1].
    """
    if not _fits(image, radius):
        return plain.guided_filter(guide, image, radius, epsilon)
    guides = _channels_last(guide)
    result = np.empty_like(guides)
    for place, slope, offset in _line_strips(guides, _channels_last(image), radius, epsilon):
        np.multiply(slope, guides[place], out=result[place])
        result[place] += offset
    return torch.from_numpy(result).permute(0, 3, 1, 2)


def mean_lines(guide: Tensor, image: Tensor, radius: int, epsilon: float) -> tuple[Tensor, Tensor]:
    """Return what `vidstyle.networks.guided_filter.mean_lines` does, for (n, 3, h, w) float32 on the CPU; see above."""
    if not _fits(image, radius):
        return plain.mean_lines(guide, image, radius, epsilon)
    guides = _channels_last(guide)
    slopes, offsets = np.empty_like(guides), np.empty_like(guides)
    for place, slope, offset in _line_strips(guides, _channels_last(image), radius, epsilon):
        slopes[place], offsets[place] = slope, offset
    first, second = (torch.from_numpy(lines).permute(0, 3, 1, 2) for lines in (slopes, offsets))
    return first, second


def enlarged(lines: Tensor, height: int, width: int) -> plain.Rows:
    """Return what `vidstyle.networks.guided_filter.enlarged` does, for float32 on the CPU; channels last in memory.

    All rows are enlarged at once where there is memory for them: whole pictures take OpenCV a quarter of the time of strips.
    """
    if len(lines) * height * width > LARGEST_WHOLE:
        return plain.enlarged(lines, height, width)
    whole = [cv2.resize(lines, (width, height), interpolation=cv2.INTER_LINEAR) for lines in _channels_last(lines)]
    pictures = torch.from_numpy(whole[0][None] if len(whole) == 1 else np.stack(whole)).permute(0, 3, 1, 2)
    return lambda start, stop: pictures[:, :, start:stop]


def row_strips(count: int, height: int, width: int) -> list[tuple[int, int]]:
    """Return the (start, stop) rows by which `count` pictures are filtered."""
    rows = max(LEAST_ROWS, STRIP_PIXELS // (count * width))
    return [(start, min(start + rows, height)) for start in range(0, height, rows)]


def _add_changes(now: np.ndarray, earlier: Sequence[np.ndarray]) -> None:
    """Make `now` the mean that a TemporalAverage gives, in passes that saturate; all (rows, width, 3), uint8 or uint16."""
    limit = 2 * NOISE * (257 if now.dtype == np.uint16 else 1)
    limits, share = np.full_like(now, limit), 1 / (1 + len(earlier))
    counted, upwards = np.zeros_like(now), np.zeros_like(now)
    for before in earlier:
        size = cv2.absdiff(before, now)
        counts = cv2.min(size, cv2.subtract(limits, size))
        counted, upwards = cv2.add(counted, counts), cv2.add(upwards, cv2.min(counts, cv2.subtract(before, now)))
    changes = cv2.add(cv2.add(upwards, upwards), cv2.subtract(limits, counted))
    cv2.addWeighted(now, 1, changes, share, -limit * share, dst=now)


def _fits(image: Tensor, radius: int) -> bool:
    """Return whether windows of `radius` change a picture and never reach over two of its borders."""
    return 0 < 2 * radius <= min(image.shape[2:])


def _channels_last(images: Tensor) -> np.ndarray:
    """Return (n, c, h, w) as an array (n, h, w, c), of the same memory where that is how it lies."""
    return images.permute(0, 2, 3, 1).contiguous().numpy()


def _line_strips(
    guides: np.ndarray, images: np.ndarray, radius: int, epsilon: float
) -> Iterator[tuple[tuple[int, slice], np.ndarray, np.ndarray]]:
    """Yield slope and offset of the pixels of each strip, (rows, w, 3), and which picture and rows they are."""
    count, height, width, _ = images.shape
    for number in range(count):
        for start, stop in row_strips(1, height, width):
            first, last = max(start - 2 * radius, 0), min(stop + 2 * radius, height)
            means = _WindowMean(radius, width, at_top=first == 0, at_bottom=last == height)
            slope, offset = _lines(guides[number, first:last], images[number, first:last], means, epsilon)
            kept = slice(start - first, stop - first)
            yield (number, slice(start, stop)), slope[kept], offset[kept]


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
        self._borders: list[tuple[tuple[slice, ...], np.ndarray]] = [
            (np.s_[:, :radius], scale[:, None]),
            (np.s_[:, width - radius :], scale[::-1, None]),
        ]
        if at_top:
            self._borders.append((np.s_[:radius, :], scale[:, None, None]))
        if at_bottom:
            self._borders.append((np.s_[-radius:, :], scale[::-1, None, None]))

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Return the means of (rows, width, 3) float32."""
        means: np.ndarray = cv2.blur(values, self._window, borderType=cv2.BORDER_CONSTANT)
        for place, scale in self._borders:
            means[place] *= scale
        return means
