"""The counterpart of each image of a cache: a second picture of its size, computed from it once and kept beside the cache.

A photo's is the photo flattened into a simple drawing. A cartoon frame's is the frame with blurred edges. The method
`cartoon` learns from both, and its crops are cut from an image and from its counterpart alike.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from os import cpu_count
from pathlib import Path

import numpy as np

from vidstyle.checksum import identity_of
from vidstyle.files import remove_stale_partials, whole_file, write_json
from vidstyle.ordered_map import map_in_order
from vidstyle.train.data.cache import ImageCache, OnCount, cache_identity, is_current

_VERSION = 5
"""Raised when counterparts are computed in another way, so that earlier ones are made again."""


@dataclass(frozen=True)
class Counterpart:
    """How the counterparts of one side are made of its images, (h, w, 3) uint8 RGB, and the name of their file."""

    name: str
    work: str
    make: Callable[[np.ndarray], np.ndarray]


def _flattened(photo: np.ndarray) -> np.ndarray:
    # Imported here, since a run whose counterparts are there already works without OpenCV.
    from vidstyle.analysis.flatten import flatten

    return flatten(photo)


def _with_smooth_edges(frame: np.ndarray) -> np.ndarray:
    from vidstyle.analysis.edge_smoothing import smooth_edges  # as in `_flattened`

    return smooth_edges(frame)


COUNTERPARTS = {
    "photos": Counterpart("flattened", "flattening photos", _flattened),
    "paintings": Counterpart("smooth-edges", "smoothing edges of paintings", _with_smooth_edges),
}
"""The counterparts of either side of a dataset."""


def open_counterparts(cache: ImageCache, folder: Path, counterpart: Counterpart, on_count: OnCount) -> ImageCache:
    """Return the whole cache in `folder` with its counterparts, which are made first if missing or stale."""
    index, pixels = (folder / f"{counterpart.name}.{suffix}" for suffix in ("json", "u8"))
    identity = identity_of([_VERSION, counterpart.name, cache_identity(folder)])
    if not is_current(index, pixels, identity):
        _build(cache, pixels, counterpart, on_count)
        write_json(index, {"identity": identity})
    return replace(cache, counterpart_pixels=np.memmap(pixels, np.uint8, "r"))


def _build(cache: ImageCache, target: Path, counterpart: Counterpart, on_count: OnCount) -> None:
    """Write the counterparts of all images one behind the other into `target`, as the images themselves lie."""
    remove_stale_partials(target)

    def make(number: int) -> bytes:
        return counterpart.make(np.array(cache.image(number))).tobytes()

    with whole_file(target) as partial, partial.open("wb") as file:
        for number, pixels in enumerate(map_in_order(make, range(len(cache)), cpu_count() or 1)):
            file.write(pixels)
            on_count(number + 1, len(cache))
