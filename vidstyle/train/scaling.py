"""Decoding and scaling the images of a dataset, and what is said of those that cannot be used or look bad."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from vidstyle.atomic import remove_stale_partials, whole_file
from vidstyle.checksum import sha256_of
from vidstyle.errors import InputError
from vidstyle.media.images import pictures_in, read_image

SMALLEST_SIDE = 32
"""Short side in pixels below which an image shows nothing to learn from."""
_FLAT = 1.0
"""Deviation of the values from 0 to 255 below which a picture shows nothing, what JPEG adds to one colour included."""
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
    remove_stale_partials(target)
    with whole_file(target) as partial, partial.open("wb") as file:
        for number, path in enumerate(images):
            try:
                scaled, (height, width) = _usable(path, short_side)
            except InputError as error:
                left_out.append(f"Left out: {error}")
            else:
                file.write(scaled.tobytes())
                row = {"name": path.name, "height": scaled.shape[0], "width": scaled.shape[1]}
                rows.append(({**row, "sha256": sha256_of(path)}, path))
                if min(height, width) * 2 < short_side:
                    enlarged.append(f"{path.name} ({width}x{height})")
                if pictures_in(path) > 1:
                    animated.append(path.name)
            tell(number + 1, len(images))
        if not rows:
            raise InputError(f"None of the {len(images)} images in {images[0].parent} can be used. {left_out[0]}")
    return rows, _faults(left_out, enlarged, animated, short_side)


def _usable(path: Path, short_side: int) -> tuple[np.ndarray, tuple[int, int]]:
    """Return an image scaled, and the height and width it had; raises InputError where nothing can be learnt from it."""
    image = read_image(path)
    height, width = image.shape[:2]
    if min(height, width) < SMALLEST_SIDE:
        raise InputError(f"{path} has only {width}x{height} pixels; {SMALLEST_SIDE} a side are the least. Remove it.")
    scaled = scale_to_short_side(image, short_side)
    if scaled.std((0, 1)).max() < _FLAT:
        raise InputError(f"{path} shows one flat colour and nothing else. Remove it.")
    return scaled, (height, width)


def _faults(left_out: list[str], enlarged: list[str], animated: list[str], short_side: int) -> list[str]:
    faults = left_out[:_NAMED]
    if len(left_out) > _NAMED:
        faults.append(f"Left out: {len(left_out) - _NAMED} more images that cannot be used.")
    if enlarged:
        faults.append(f"Enlarged more than twice to {short_side} pixels and therefore soft: {listed(enlarged)}.")
    if animated:
        faults.append(f"Of animated images the first picture is used: {listed(animated)}.")
    return faults


def listed(names: Sequence[str]) -> str:
    """Return names with commas between, the first three and the number of the others."""
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
