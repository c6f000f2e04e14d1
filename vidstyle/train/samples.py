"""Sample pictures of a run: what a generator makes of some photos."""

import copy
from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor

from vidstyle.networks.generator_kinds import Generator
from vidstyle.pixels import to_host, to_planes, to_signed_floats
from vidstyle.report.contact_sheet import evenly_spaced
from vidstyle.train.data.cache import ImageCache

MOST_SAMPLES = 6
Paint = Callable[[np.ndarray], np.ndarray]
"""Paints a picture, (h, w, 3) uint8."""


def centre_square(image: np.ndarray, multiple_of: int) -> np.ndarray:
    """Return the middle of an image (h, w, 3) as a square whose side is a multiple of `multiple_of`."""
    side = min(image.shape[:2]) // multiple_of * multiple_of
    top, left = (image.shape[0] - side) // 2, (image.shape[1] - side) // 2
    return image[top : top + side, left : left + side]


def sample_squares(cache: ImageCache, multiple_of: int) -> list[np.ndarray]:
    """Return the middle squares of at most 6 images, evenly spaced over all."""
    return [centre_square(cache.image(number), multiple_of) for number in evenly_spaced(len(cache), MOST_SAMPLES)]


def make_painter(generator: Generator, weights: Mapping[str, Tensor]) -> Paint:
    """Return the function that paints a picture with a copy of `generator` that has `weights`.

    Rows and columns beyond the multiple that the generator takes are cut off.
    """
    painter = copy.deepcopy(generator).eval()
    painter.load_state_dict(weights)
    device, multiple = next(painter.parameters()).device, generator.multiple_of

    @torch.inference_mode()
    def paint(picture: np.ndarray) -> np.ndarray:
        height, width = (side // multiple * multiple for side in picture.shape[:2])
        return to_picture(painter(to_signed_floats(to_planes(picture[:height, :width]).to(device)))[0])

    return paint


def to_picture(image: Tensor) -> np.ndarray:
    """Return an image (3, h, w) in [-1, 1] as (h, w, 3) uint8."""
    return to_host(((image + 1) / 2)[None], sixteen_bit=False)[0]
