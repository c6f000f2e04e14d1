"""`--finish guided`: a guided filter as the last step, by which a painting takes the drawing of its source.

Where the source is plain the painting becomes plain, and where the source has an edge the painting has it too. Lines are
fitted at the size of the painting. A larger result is drawn by the full-size source, strip by strip, so that it has the
source's own sharpness, and no frame is in floats as a whole. After White-box Cartoonization (Wang and Yu, 2020); see
`vidstyle.networks.guided_filter`.
"""

from collections.abc import Callable
from types import ModuleType

import torch
from torch import Tensor

from vidstyle.models.resize import resize
from vidstyle.networks import guided_filter
from vidstyle.pixels import to_floats, to_pixels
from vidstyle.render.blend import blend, fade, keep_colour, shown_share
from vidstyle.render.colour_plan import ColourPlan
from vidstyle.render.settings import RenderSettings

LARGEST_RADIUS = 4
"""Radius in pixels of the painting for `--calm 1`; it falls evenly to 0, where the filter changes nothing."""
EPSILON = 5e-3 / 4
"""Variance below which the source counts as flat: White-box Cartoonization's 5e-3 on [-1, 1], here on [0, 1]."""


def calmed(painted: Tensor, source: Tensor, calm: float) -> Tensor:
    """Return the painting filtered with its source as the guide; all (n, 3, h, w) float32 in [0, 1]."""
    smooth = _filters(painted).guided_filter
    (filtered,) = _between_radii(lambda radius: (smooth(source, painted, radius, EPSILON),), calm)
    return filtered.clamp_(0, 1)


def drawn_by_source(
    painted: Tensor,
    source: Tensor,
    pixels: Tensor,
    size: tuple[int, int],
    settings: RenderSettings,
    colours: ColourPlan,
    *,
    sixteen_bit: bool,
) -> Tensor:
    """Return the painting at the (width, height) `size` of the result, drawn by the full-size source and blended with it.

    `painted` and `source` are what the generator painted and saw, (n, 3, h, w) float32 in [0, 1]. `pixels` are the frames
    at full size, (n, height, width, 3) as `vidstyle.pixels.to_floats` takes them. The result has the result's colours, as
    `to_pixels` returns it.
    """
    filters, on_cpu = _filters(painted), painted.device.type == "cpu"
    lines = _between_radii(lambda radius: filters.mean_lines(source, painted, radius, EPSILON), settings.calm_share)
    shown, (width, height) = shown_share(source), size
    at_size = pixels.shape[1:3] == (height, width)
    resized = None if at_size else resize(to_floats(pixels), size)
    kind = torch.int16 if sixteen_bit else torch.uint8
    slope_rows, offset_rows = (filters.enlarged(line, height, width) for line in lines)
    result = torch.empty((len(pixels), height, width, 3), dtype=kind, device=painted.device)
    for start, stop in filters.row_strips(len(pixels), height, width):
        rows = pixels[:, start:stop]
        signals = to_floats(rows, channels_last=on_cpu) if resized is None else resized[:, :, start:stop]
        guide = colours.for_networks(signals)
        strip = slope_rows(start, stop).mul_(guide).add_(offset_rows(start, stop))
        strip = fade(strip.clamp_(0, 1), guide, shown)
        if settings.keep_colour:
            strip = keep_colour(strip, guide)
        strip = blend(colours.for_result(strip), colours.source_for_result(signals, guide), settings.blend)
        result[:, start:stop] = to_pixels(strip, sixteen_bit=sixteen_bit)
    return result


def _filters(painted: Tensor) -> ModuleType:
    """Return the module with the guided filter: OpenCV's for a painting on the CPU, torch's where that cannot be loaded."""
    if painted.device.type != "cpu":
        return guided_filter
    try:
        from vidstyle.analysis import smoothing
    except ImportError:
        return guided_filter
    return smoothing


def _between_radii(filtered: Callable[[int], tuple[Tensor, ...]], calm: float) -> tuple[Tensor, ...]:
    """Return what `filtered` makes with the radius for `calm`, between those of whole radii where it is none."""
    radius, part = divmod(calm * LARGEST_RADIUS, 1)
    smaller = filtered(int(radius))
    if not part:
        return smaller
    return tuple(torch.lerp(low, high, part) for low, high in zip(smaller, filtered(int(radius) + 1), strict=True))
