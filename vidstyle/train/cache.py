"""Images decoded and scaled once into a memory-mapped file, so that training reads pixels and nothing else."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from vidstyle.atomic import write_json

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
        from vidstyle.train.scaling import build_cache

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
    stated = json.loads(index.read_text())
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
    return index.is_file() and pixels.is_file() and json.loads(index.read_text())["identity"] == identity
