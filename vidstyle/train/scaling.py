"""Decoding and scaling the images of a dataset, and what is said of those that cannot be used or look bad."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from vidstyle.atomic import whole_file
from vidstyle.errors import InputError
from vidstyle.media.images import pictures_in, read_image

SMALLEST_SIDE = 32
"""Short side in pixels below which an image shows nothing to learn from."""
_NAMED = 10

Row = tuple[dict[str, Any], Path]


def build_cache(
    images: Sequence[Path], short_side: int, target: Path, tell: Callable[[int, int], None]
) -> tuple[list[Row], list[str]]:
    """Write all usable images, scaled, one behind the other into `target`; return name and shape of each, and faults.

    Raises InputError when none is usable.
    """
    rows: list[Row] = []
    left_out, enlarged, animated = [], [], []
    with whole_file(target) as partial, partial.open("wb") as file:
        for number, path in enumerate(images):
            try:
                image = _usable(path)
            except InputError as error:
                left_out.append(f"Left out: {error}")
            else:
                scaled = scale_to_short_side(image, short_side)
                file.write(scaled.tobytes())
                rows.append(({"name": path.name, "height": scaled.shape[0], "width": scaled.shape[1]}, path))
                if min(image.shape[:2]) * 2 < short_side:
                    enlarged.append(f"{path.name} ({image.shape[1]}x{image.shape[0]})")
                if pictures_in(path) > 1:
                    animated.append(path.name)
            tell(number + 1, len(images))
        if not rows:
            raise InputError(f"None of the {len(images)} images in {images[0].parent} can be used. {left_out[0]}")
    return rows, _faults(left_out, enlarged, animated, short_side)


def _usable(path: Path) -> np.ndarray:
    image = read_image(path)
    height, width = image.shape[:2]
    if min(height, width) < SMALLEST_SIDE:
        raise InputError(f"{path} has only {width}x{height} pixels; {SMALLEST_SIDE} a side are the least. Remove it.")
    return image


def _faults(left_out: list[str], enlarged: list[str], animated: list[str], short_side: int) -> list[str]:
    faults = left_out[:_NAMED]
    if len(left_out) > _NAMED:
        faults.append(f"Left out: {len(left_out) - _NAMED} more images that cannot be used.")
    if enlarged:
        faults.append(f"Enlarged more than twice to {short_side} pixels and therefore soft: {_listed(enlarged)}.")
    if animated:
        faults.append(f"Of animated images the first picture is used: {_listed(animated)}.")
    return faults


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def scale_to_short_side(image: np.ndarray, short_side: int) -> np.ndarray:
    """Return `image`, (h, w, 3) uint8, scaled with its aspect kept so that the shorter side is `short_side`."""
    height, width = image.shape[:2]
    factor = short_side / min(height, width)
    size = (max(short_side, round(height * factor)), max(short_side, round(width * factor)))
    values = torch.from_numpy(image.copy()).permute(2, 0, 1)[None].float()
    scaled = functional.interpolate(values, size, mode="bicubic", antialias=True, align_corners=False)
    return scaled.round().clamp(0, 255).byte()[0].permute(1, 2, 0).contiguous().numpy()
