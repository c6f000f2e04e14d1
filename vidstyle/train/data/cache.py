"""Decoding and scaling the images of a dataset, and what is said of those that cannot be used or look bad."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from vidstyle.checksum import sha256_of
from vidstyle.errors import InputError
from vidstyle.files import remove_stale_partials, whole_file, write_json
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


Tell = Callable[[int, int], None]
NO_SHOTS: Mapping[Path, str] = {}
_DECODING = 2
"""Raised when images are decoded or judged in another way, so that caches of before are made anew."""


@dataclass(frozen=True)
class ImageCache:
    """Scaled images one behind the other in `pixels` (uint8); `shapes` are their (height, width), `names` their files.

    `shots` names the shot of each and `checksums` tells the content of its file, empty where it is not known; `faults`
    says of files what was wrong with them. `source` is where they lie.
    """

    pixels: np.ndarray
    offsets: tuple[int, ...]
    shapes: tuple[tuple[int, int], ...]
    names: tuple[str, ...]
    shots: tuple[str, ...]
    checksums: tuple[str, ...]
    faults: tuple[str, ...] = ()
    source: str = ""

    def __len__(self) -> int:
        return len(self.offsets)

    def image(self, index: int) -> np.ndarray:
        """Return image `index` as a read-only view, (height, width, 3) uint8."""
        height, width = self.shapes[index]
        return self.pixels[self.offsets[index] :][: height * width * 3].reshape(height, width, 3)

    def part(self, numbers: Sequence[int]) -> "ImageCache":
        """Return a cache of the images with these numbers alone."""
        return replace(
            self,
            offsets=tuple(self.offsets[number] for number in numbers),
            shapes=tuple(self.shapes[number] for number in numbers),
            names=tuple(self.names[number] for number in numbers),
            shots=tuple(self.shots[number] for number in numbers),
            checksums=tuple(self.checksums[number] for number in numbers),
        )


def open_cache(
    images: Sequence[Path], short_side: int, folder: Path, tell: Tell, shots: Mapping[Path, str] = NO_SHOTS
) -> ImageCache:
    """Return the cache of `images` scaled to `short_side`, kept in `folder`, made first where it is missing or stale.

    Only making it needs the image library. Images that cannot be used are left out and named in `faults`; raises
    InputError when none is left.
    """
    index, pixels = folder / "index.json", folder / "pixels.u8"
    identity = _identity(images, short_side, shots)
    if not _is_current(index, pixels, identity):
        pass

        rows, faults = build_cache(images, short_side, pixels, tell)
        for row, path in rows:
            row["shot"] = shots.get(path, "")
        stated = {"identity": identity, "short_side": short_side, "faults": faults}
        write_json(index, {**stated, "images": [row for row, _ in rows]})
    return _load(index, pixels)


def reopen_cache(folder: Path) -> ImageCache | None:
    """Return the cache that stands in `folder`, whatever became of its images; None when there is none."""
    index, pixels = folder / "index.json", folder / "pixels.u8"
    return _load(index, pixels) if index.is_file() and pixels.is_file() else None


def _load(index: Path, pixels: Path) -> ImageCache:
    stated = json.loads(index.read_text(encoding="utf-8"))
    rows = stated["images"]
    sizes = [row["height"] * row["width"] * 3 for row in rows]
    return ImageCache(
        pixels=np.memmap(pixels, np.uint8, "r"),
        offsets=tuple(int(end - size) for end, size in zip(np.cumsum(sizes), sizes, strict=True)),
        shapes=tuple((row["height"], row["width"]) for row in rows),
        names=tuple(row["name"] for row in rows),
        shots=tuple(row.get("shot", "") for row in rows),
        checksums=tuple(row.get("sha256", "") for row in rows),
        faults=tuple(stated.get("faults", ())),
    )


def _identity(images: Sequence[Path], short_side: int, shots: Mapping[Path, str]) -> str:
    stated = [(path.name, path.stat().st_size, path.stat().st_mtime_ns, shots.get(path, "")) for path in images]
    return hashlib.sha256(json.dumps([_DECODING, short_side, stated]).encode()).hexdigest()


def _is_current(index: Path, pixels: Path, identity: str) -> bool:
    return (
        index.is_file() and pixels.is_file() and json.loads(index.read_text(encoding="utf-8"))["identity"] == identity
    )
