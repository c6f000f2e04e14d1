"""Losses for clean cartoon pictures: what the discriminators are shown, and what holds a painting to its photo.

One discriminator sees the texture, without hue; another sees the surfaces, without texture (White-box Cartoonization, Wang and
Yu, 2020). The other losses compare a painting with its flattened photo (`vidstyle.analysis.flatten`) in structure, in the
calm of plain areas, and in colour. All images are (n, 3, h, w) in [-1, 1]; all losses are fp32 scalars.
"""

import torch
from torch import Tensor
from torch.nn import functional

from vidstyle.networks.guided_filter import guided_filter

GREY_RANGES = ((0.199, 0.399), (0.487, 0.687), (0.014, 0.214))
"""Ranges that the weights of red, green and blue are drawn from: 0.1 around those of ITU-R BT.601."""
SURFACE_RADIUS, SURFACE_EPSILON = 2, 0.2
"""At half the size: windows of 5 pixels there cover 10 of the picture's, where those of radius 5 cover 11."""
PLAIN_GRADIENT, PLAIN_SOFTNESS = 0.06, 0.015
"""Gradient of the photo, per pixel on [-1, 1], at which a pixel is half plain, and how fast that changes around it."""
COLOUR_CELL = 16
"""Side in pixels of the cells whose mean colours are compared, so that lines and texture do not count as colour."""
HUE_CELL = 4
COLOUR_DELTA = 0.1
"""Difference of L*a*b* / 100 from which on the colour loss grows linearly: 10 delta E, what is plainly another colour."""
LINEAR_TO_XYZ = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
"""X, Y and Z of linear sRGB (IEC 61966-2-1)."""


def random_grey(images: Tensor, random: torch.Generator) -> Tensor:
    """Return images as grey, (n, 1, h, w) in [-1, 1], with weights of the channels drawn anew: the texture without its hue.

    One draw of `random`, on the CPU, serves all images of the call: show what is to be compared in one. The random colour
    shift of White-box Cartoonization.
    """
    low, high = torch.tensor(GREY_RANGES).unbind(1)
    weights = low + (high - low) * torch.rand(3, generator=random)
    weights = (weights / weights.sum()).to(images)
    return (images * weights.view(1, 3, 1, 1)).sum(1, keepdim=True)


def surface(images: Tensor) -> Tensor:
    """Return images with their texture smoothed away, at half the size, (n, 3, h / 2, w / 2), sides rounded down.

    White-box Cartoonization's surface: the guided filter with the image as its own guide, radius 5, epsilon 0.2. At half
    the size, with radius 2, the result is a tenth of what the filter removes away from it, at a fifth of the price.
    """
    halved = functional.avg_pool2d(images, 2)
    return guided_filter(halved, halved, SURFACE_RADIUS, SURFACE_EPSILON)


def structure_loss(painted: Tensor, flattened: Tensor) -> Tensor:
    """Return the mean absolute difference from the flattened photo, of pixels plus of gradients.

    The gradients, differences of neighbours down and across, keep lines and flat shapes where pixels alone blur them.
    """
    painted, flattened = painted.float(), flattened.float()
    difference = painted - flattened
    down, across = _gradients(difference)
    return difference.abs().mean() + down.abs().mean() + across.abs().mean()


def plain_gradient_loss(painted: Tensor, photos: Tensor, flattened: Tensor) -> Tensor:
    """Return how much steeper a painting is than its flattened photo where the photo is plain: 0 where it is as calm.

    The gradient's excess in levels of [-1, 1], down plus across, times how plain the photo is (0..1); mean over pixels. It
    is the differentiable twin of `vidstyle.analysis.picture_measures.plain_areas`.
    """
    down, across = _gradients(photos.float())
    size = (down.square() + across.square()).sum(1, keepdim=True).sqrt()
    plain = torch.sigmoid((PLAIN_GRADIENT - size) / PLAIN_SOFTNESS)
    return (plain * (_steepness(painted) - _steepness(flattened)).clamp(min=0)).mean()


def colour_loss(painted: Tensor, flattened: Tensor, cell: int = COLOUR_CELL, hue_cell: int = HUE_CELL) -> Tensor:
    """Return the Huber loss between mean colours of cells, in CIE L*a*b* / 100: L*a*b* of large cells, a*b* of small ones.

    Cells have `cell` and `hue_cell` pixels a side. The small ones keep coloured fringes from lines, and leave lightness free
    to draw. L*a*b* rather than YCbCr: its distances are what eyes see, and `chroma-shift` measures the same. What the cells
    leave over at the right and at the bottom does not count.
    """
    return _cell_distance(painted, flattened, cell, 0) + _cell_distance(painted, flattened, hue_cell, 1)


def _cell_distance(painted: Tensor, flattened: Tensor, cell: int, first_channel: int) -> Tensor:
    """Return the Huber loss of the channels of L*a*b* / 100 from `first_channel` on, means over cells."""
    ours, wanted = (lab(functional.avg_pool2d(images.float(), cell)) / 100 for images in (painted, flattened))
    return functional.huber_loss(ours[:, first_channel:], wanted[:, first_channel:], delta=COLOUR_DELTA)


def lab(images: Tensor) -> Tensor:
    """Return CIE L*a*b* (D65), (n, 3, h, w) float32 with L* in 0..100, of sRGB images, differentiable everywhere.

    Values outside [-1, 1] go on along the standards' curves, so that a gradient brings them back.
    """
    encoded = (images.float() + 1) / 2
    curve = ((encoded.clamp(min=0.04045) + 0.055) / 1.055) ** 2.4
    linear = torch.where(encoded > 0.04045, curve, encoded / 12.92)
    matrix = torch.tensor(LINEAR_TO_XYZ, device=images.device)
    matrix = matrix / matrix.sum(1, keepdim=True)
    with torch.autocast(images.device.type, enabled=False):
        xyz = torch.einsum("xc,nchw->nxhw", matrix, linear)
    least = (6 / 29) ** 3
    root = torch.where(xyz > least, xyz.clamp(min=least) ** (1 / 3), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = root.unbind(1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], 1)


def srgb(colours: Tensor) -> Tensor:
    """Return sRGB images, (n, 3, h, w) float32, of CIE L*a*b* (D65) with L* in 0..100: the inverse of `lab`.

    Colours that sRGB does not hold come out beyond [-1, 1].
    """
    lightness, red_green, yellow_blue = colours.float().unbind(1)
    y = (lightness + 16) / 116
    root = torch.stack([y + red_green / 500, y, y - yellow_blue / 200], 1)
    xyz = torch.where(root > 6 / 29, root**3, 3 * (6 / 29) ** 2 * (root - 4 / 29))
    matrix = torch.tensor(LINEAR_TO_XYZ, device=colours.device)
    inverse = torch.linalg.inv(matrix / matrix.sum(1, keepdim=True))
    with torch.autocast(colours.device.type, enabled=False):
        linear = torch.einsum("cx,nxhw->nchw", inverse, xyz)
    curve = 1.055 * linear.clamp(min=0.0031308) ** (1 / 2.4) - 0.055
    return torch.where(linear > 0.0031308, curve, 12.92 * linear) * 2 - 1


def _steepness(images: Tensor) -> Tensor:
    down, across = _gradients(images.float())
    return down.abs() + across.abs()


def _gradients(images: Tensor) -> tuple[Tensor, Tensor]:
    """Return the differences of neighbours down and across, where a pixel has both: (n, c, h - 1, w - 1) each."""
    corner = images[..., :-1, :-1]
    return images[..., 1:, :-1] - corner, images[..., :-1, 1:] - corner
