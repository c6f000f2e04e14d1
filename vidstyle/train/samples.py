"""Pictures that show how far a run has come: photos, what the running mean makes of them, and cartoon frames."""

import copy
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from vidstyle.train.data.cache import ImageCache

COUNT = 6
MULTIPLE = 4
"""What a side of a picture must be a multiple of, so that a generator keeps it."""

Paint = Callable[[np.ndarray], np.ndarray]


def centre_square(image: np.ndarray) -> np.ndarray:
    """Return the middle of an image (h, w, 3) as a square whose side is a multiple of 4."""
    side = min(image.shape[:2]) // MULTIPLE * MULTIPLE
    top, left = (image.shape[0] - side) // 2, (image.shape[1] - side) // 2
    return image[top : top + side, left : left + side]


def spread(cache: ImageCache) -> list[np.ndarray]:
    """Return the middle squares of some images, evenly spread."""
    chosen = np.linspace(0, len(cache) - 1, min(COUNT, len(cache))).round().astype(int)
    return [centre_square(cache.image(int(index))) for index in chosen]


def painter_of(generator: nn.Module, weights: dict[str, Tensor]) -> Paint:
    """Return the function that paints (h, w, 3) uint8 by a copy of `generator` with `weights`; what is beyond a multiple
    of 4 is cut off.
    """
    painter = copy.deepcopy(generator).eval()
    painter.load_state_dict(weights)
    device = next(painter.parameters()).device

    @torch.inference_mode()
    def paint(picture: np.ndarray) -> np.ndarray:
        height, width = (side // MULTIPLE * MULTIPLE for side in picture.shape[:2])
        values = torch.from_numpy(picture[:height, :width].copy()).to(device)
        return picture_of(painter(values.permute(2, 0, 1)[None].float() / 127.5 - 1)[0])

    return paint


def picture_of(image: Tensor) -> np.ndarray:
    """Return an image (3, h, w) in [-1, 1] as (h, w, 3) uint8."""
    return ((image + 1) * 127.5).round().clamp(0, 255).byte().permute(1, 2, 0).cpu().numpy()
