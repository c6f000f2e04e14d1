"""Pictures that show how far a run has come: photos, what the running mean makes of them, and cartoon frames."""

import copy

import numpy as np
import torch
from torch import Tensor, nn

from vidstyle.report.grid import grid
from vidstyle.train.cache import ImageCache
from vidstyle.train.dataset import Dataset

_COUNT = 6


def centre_square(image: np.ndarray) -> np.ndarray:
    """Return the middle of an image (h, w, 3) as a square whose side is a multiple of 4."""
    side = min(image.shape[:2]) // 4 * 4
    top, left = (image.shape[0] - side) // 2, (image.shape[1] - side) // 2
    return image[top : top + side, left : left + side]


def _spread(cache: ImageCache) -> list[np.ndarray]:
    chosen = np.linspace(0, len(cache) - 1, min(_COUNT, len(cache))).round().astype(int)
    return [centre_square(cache.image(int(index))) for index in chosen]


@torch.inference_mode()
def sample_sheet(dataset: Dataset, generator: nn.Module, weights: dict[str, Tensor]) -> np.ndarray:
    """Return rows of photos, of their paintings by `generator` with `weights`, and of cartoon frames, as one picture."""
    painter = copy.deepcopy(generator).eval()
    painter.load_state_dict(weights)
    photos = _spread(dataset.photos)
    return grid([photos, [_paint(painter, photo) for photo in photos], _spread(dataset.paintings)])


def _paint(painter: nn.Module, photo: np.ndarray) -> np.ndarray:
    device = next(painter.parameters()).device
    values = torch.from_numpy(photo.copy()).to(device).permute(2, 0, 1)[None].float() / 127.5 - 1
    return picture_of(painter(values)[0])


def picture_of(image: Tensor) -> np.ndarray:
    """Return an image (3, h, w) in [-1, 1] as (h, w, 3) uint8."""
    return ((image + 1) * 127.5).round().clamp(0, 255).byte().permute(1, 2, 0).cpu().numpy()
