"""The cache of a dataset's images: decoded once, scaled to one short side, and read from one file of pixels.

A run also learns here which images cannot be used or look bad.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from torch.nn import functional

from vidstyle.checksum import identity_of, sha256_of
from vidstyle.errors import DependencyError, InputError
from vidstyle.files import DAMAGE, reading_record, remove_stale_partials, whole_file, write_json
from vidstyle.media.images import pictures_in, read_image
from vidstyle.pixels import to_planes

SMALLEST_SIDE = 32
"""Short side in pixels below which an image shows nothing to learn from."""
_FLAT = 1.0
"""Deviation of the values from 0 to 255 below which a picture shows nothing, what JPEG adds to one colour included."""
_MOST_NAMED = 10
"""How many images that cannot be used are named; the others are counted."""
_DECODING_VERSION = 2
"""Raised when images are decoded or judged in another way, so that earlier caches are made again."""
NO_SHOTS: Mapping[Path, str] = {}

OnCount = Callable[[int, int], None]
"""Told how many images of how many are done."""


@dataclass(frozen=True)
class ImageCache:
    """Scaled images one behind the other in `pixels` (uint8); `shapes` are their (height, width), `names` their files.

    `shots` names the shot of each image and `checksums` the SHA-256 of its file; either is empty where it is unknown.
    `warnings` says what is wrong with files. `source` is where they lie. `counterpart_pixels` holds a second picture of each
    image, at the same place, or is None (counterparts.py).
    """

    pixels: np.ndarray
    offsets: tuple[int, ...]
    shapes: tuple[tuple[int, int], ...]
    names: tuple[str, ...]
    shots: tuple[str, ...]
    checksums: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    source: str = ""
    counterpart_pixels: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.offsets)

    def image(self, index: int) -> np.ndarray:
        """Return image `index` as a read-only view, (height, width, 3) uint8."""
        return self._view(self.pixels, index)

    def with_counterpart(self, index: int) -> list[np.ndarray]:
        """Return image `index` and its counterpart, as read-only views; the image alone where there are no counterparts."""
        kinds = [self.pixels] if self.counterpart_pixels is None else [self.pixels, self.counterpart_pixels]
        return [self._view(pixels, index) for pixels in kinds]

    def _view(self, pixels: np.ndarray, index: int) -> np.ndarray:
        height, width = self.shapes[index]
        return pixels[self.offsets[index] :][: height * width * 3].reshape(height, width, 3)

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
    images: Sequence[Path], short_side: int, folder: Path, on_count: OnCount, shots: Mapping[Path, str] = NO_SHOTS
) -> ImageCache:
    """Return the cache of `images` scaled to `short_side`, kept in `folder`; it is made first if missing or stale.

    Images that cannot be used are left out and named in `warnings`. Raises InputError when none is left.
    """
    index, pixels = folder / "index.json", folder / "pixels.u8"
    identity = _identity(images, short_side, shots)
    if not is_current(index, pixels, identity):
        rows, warnings = _build(images, short_side, pixels, on_count, shots)
        write_json(index, {"identity": identity, "short_side": short_side, "faults": warnings, "images": rows})
    return _load(index, pixels)


def reopen_cache(folder: Path) -> ImageCache | None:
    """Return the cache in `folder`, whatever became of its images; None when there is none."""
    index, pixels = folder / "index.json", folder / "pixels.u8"
    return _load(index, pixels) if index.is_file() and pixels.is_file() else None


def cache_identity(folder: Path) -> str:
    """Return the identity of all that decided the content of the cache in `folder`."""
    return str(json.loads((folder / "index.json").read_text())["identity"])


def scale_to_short_side(image: np.ndarray, short_side: int) -> np.ndarray:
    """Return `image`, (h, w, 3) uint8, scaled with its aspect kept so that the shorter side is `short_side`."""
    height, width = image.shape[:2]
    factor = short_side / min(height, width)
    size = (max(short_side, round(height * factor)), max(short_side, round(width * factor)))
    values = to_planes(image).float()
    scaled = functional.interpolate(values, size, mode="bicubic", antialias=True, align_corners=False)
    return scaled.round().clamp(0, 255).byte()[0].permute(1, 2, 0).contiguous().numpy()


def join_names(names: Sequence[str]) -> str:
    """Return names with commas between: the first three, and the number of the others."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def _identity(images: Sequence[Path], short_side: int, shots: Mapping[Path, str]) -> str:
    """Return the identity of all that decides the content of a cache."""
    files = [(path.name, path.stat().st_size, path.stat().st_mtime_ns, shots.get(path, "")) for path in images]
    return identity_of([_DECODING_VERSION, short_side, files])


def is_current(index: Path, pixels: Path, identity: str) -> bool:
    """Whether there are pixels and an index of this identity; False for a damaged one, so that both are made again."""
    with suppress(FileNotFoundError, *DAMAGE):
        return pixels.is_file() and bool(json.loads(index.read_text(encoding="utf-8"))["identity"] == identity)
    return False


def _load(index: Path, pixels: Path) -> ImageCache:
    with reading_record(index, f"Remove the folder {index.parent}: it is made again of the images."):
        content = json.loads(index.read_text(encoding="utf-8"))
        rows = content["images"]
        sizes = [row["height"] * row["width"] * 3 for row in rows]
        return ImageCache(
            pixels=np.memmap(pixels, np.uint8, "r"),
            offsets=tuple(int(end - size) for end, size in zip(np.cumsum(sizes), sizes, strict=True)),
            shapes=tuple((row["height"], row["width"]) for row in rows),
            names=tuple(row["name"] for row in rows),
            shots=tuple(row.get("shot", "") for row in rows),
            checksums=tuple(row.get("sha256", "") for row in rows),
            warnings=tuple(content.get("faults", ())),
        )


def _build(
    images: Sequence[Path], short_side: int, target: Path, on_count: OnCount, shots: Mapping[Path, str]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Write all usable images, scaled, one behind the other into `target`; return a row for each, and warnings.

    Raises InputError when none is usable.
    """
    rows: list[dict[str, Any]] = []
    left_out, enlarged, animated = [], [], []
    remove_stale_partials(target)
    with whole_file(target) as partial, partial.open("wb") as file:
        for number, path in enumerate(images):
            try:
                scaled, (height, width) = _read_usable(path, short_side)
            except (InputError, DependencyError) as error:
                left_out.append(f"Left out: {error}")
            else:
                file.write(scaled.tobytes())
                size = {"height": scaled.shape[0], "width": scaled.shape[1]}
                rows.append({"name": path.name, **size, "sha256": sha256_of(path), "shot": shots.get(path, "")})
                if min(height, width) * 2 < short_side:
                    enlarged.append(f"{path.name} ({width}x{height})")
                if pictures_in(path) > 1:
                    animated.append(path.name)
            on_count(number + 1, len(images))
        if not rows:
            raise InputError(f"None of the {len(images)} images in {images[0].parent} can be used. {left_out[0]}")
    return rows, _warnings(left_out, enlarged, animated, short_side)


def _read_usable(path: Path, short_side: int) -> tuple[np.ndarray, tuple[int, int]]:
    """Return an image scaled, and the height and width it had; raises InputError where nothing can be learnt from it."""
    image = read_image(path)
    height, width = image.shape[:2]
    if min(height, width) < SMALLEST_SIDE:
        raise InputError(f"{path} has only {width}x{height} pixels; {SMALLEST_SIDE} a side are the least. Remove it.")
    scaled = scale_to_short_side(image, short_side)
    if scaled.std((0, 1)).max() < _FLAT:
        raise InputError(f"{path} shows one flat colour and nothing else. Remove it.")
    return scaled, (height, width)


def _warnings(left_out: list[str], enlarged: list[str], animated: list[str], short_side: int) -> list[str]:
    warnings = left_out[:_MOST_NAMED]
    if len(left_out) > _MOST_NAMED:
        warnings.append(f"Left out: {len(left_out) - _MOST_NAMED} more images that cannot be used.")
    if enlarged:
        warnings.append(f"Enlarged more than twice to {short_side} pixels and therefore soft: {join_names(enlarged)}.")
    if animated:
        warnings.append(f"Of animated images the first picture is used: {join_names(animated)}.")
    return warnings
