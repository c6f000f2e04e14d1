"""Images decoded and scaled once into a memory-mapped file, so that training reads pixels and nothing else."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from vidstyle.atomic import whole_file, write_json
from vidstyle.errors import InputError

Tell = Callable[[int, int], None]


@dataclass(frozen=True)
class ImageCache:
    """Scaled images one behind the other in `pixels` (uint8); `shapes` are their (height, width), `names` their files."""

    pixels: np.ndarray
    offsets: tuple[int, ...]
    shapes: tuple[tuple[int, int], ...]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.offsets)

    def image(self, index: int) -> np.ndarray:
        """Return image `index` as a read-only view, (height, width, 3) uint8."""
        height, width = self.shapes[index]
        return self.pixels[self.offsets[index] :][: height * width * 3].reshape(height, width, 3)


def open_cache(images: Sequence[Path], short_side: int, folder: Path, tell: Tell) -> ImageCache:
    """Return the cache of `images` scaled to `short_side`, kept in `folder`, made first where it is missing or stale.

    Only making it needs the image library. Raises InputError naming an image that cannot be read.
    """
    index, pixels = folder / "index.json", folder / "pixels.u8"
    identity = _identity(images, short_side)
    if not _is_current(index, pixels, identity):
        _build(images, short_side, folder, identity, tell)
    return _load(index, pixels)


def reopen_cache(folder: Path) -> ImageCache | None:
    """Return the cache that stands in `folder`, whatever became of its images; None when there is none."""
    index, pixels = folder / "index.json", folder / "pixels.u8"
    return _load(index, pixels) if index.is_file() and pixels.is_file() else None


def _load(index: Path, pixels: Path) -> ImageCache:
    rows = json.loads(index.read_text())["images"]
    sizes = [row["height"] * row["width"] * 3 for row in rows]
    return ImageCache(
        pixels=np.memmap(pixels, np.uint8, "r"),
        offsets=tuple(int(end - size) for end, size in zip(np.cumsum(sizes), sizes, strict=True)),
        shapes=tuple((row["height"], row["width"]) for row in rows),
        names=tuple(row["name"] for row in rows),
    )


def _identity(images: Sequence[Path], short_side: int) -> str:
    stated = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in images]
    return hashlib.sha256(json.dumps([short_side, stated]).encode()).hexdigest()


def _is_current(index: Path, pixels: Path, identity: str) -> bool:
    return index.is_file() and pixels.is_file() and json.loads(index.read_text())["identity"] == identity


def _build(images: Sequence[Path], short_side: int, folder: Path, identity: str, tell: Tell) -> None:
    from vidstyle.media.images import read_image

    rows = []
    with whole_file(folder / "pixels.u8") as partial, partial.open("wb") as file:
        for number, path in enumerate(images):
            scaled = scale_to_short_side(read_image(path), short_side)
            file.write(scaled.tobytes())
            rows.append({"name": path.name, "height": scaled.shape[0], "width": scaled.shape[1]})
            tell(number + 1, len(images))
    write_json(folder / "index.json", {"identity": identity, "short_side": short_side, "images": rows})


def scale_to_short_side(image: np.ndarray, short_side: int) -> np.ndarray:
    """Return `image`, (h, w, 3) uint8, scaled with its aspect kept so that the shorter side is `short_side`."""
    height, width = image.shape[:2]
    factor = short_side / min(height, width)
    size = (max(short_side, round(height * factor)), max(short_side, round(width * factor)))
    if min(height, width) < 8:
        raise InputError(f"An image of {width}x{height} pixels is too small to train on. Remove it.")
    values = torch.from_numpy(image.copy()).permute(2, 0, 1)[None].float()
    scaled = functional.interpolate(values, size, mode="bicubic", antialias=True, align_corners=False)
    return scaled.round().clamp(0, 255).byte()[0].permute(1, 2, 0).contiguous().numpy()
