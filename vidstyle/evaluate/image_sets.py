"""Sets of image files from folders: their names, their checksums, and reading them ahead of the computing."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np

from vidstyle.checksum import cached_sha256_of
from vidstyle.errors import InputError
from vidstyle.media.file_kinds.picture_formats import listed, pictures_of
from vidstyle.media.images import read_image
from vidstyle.ordered_map import map_in_order

READERS = 4
_VARIANT_NUMBER = re.compile(r"_\d{2,}$")
Prepared = TypeVar("Prepared")


@dataclass(frozen=True)
class ImageSet:
    """The image files of one folder or several, in natural order.

    `name_suffix` is what their names have after the name of their source. `copied_from` is the `label` of the set that
    they are scaled copies of, empty where they are originals.
    """

    folders: tuple[Path, ...]
    paths: tuple[Path, ...]
    name_suffix: str = ""
    copied_from: str = ""
    warnings: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def label(self) -> str:
        """The folders as the user knows them, for messages."""
        return self.copied_from or ", ".join(str(folder) for folder in self.folders)

    @cached_property
    def checksums(self) -> tuple[str, ...]:
        """The SHA-256 of each file."""
        return tuple(cached_sha256_of(path) for path in self.paths)

    @property
    def named_checksums(self) -> list[tuple[str, str]]:
        """The name and SHA-256 of each file, for what depends on names too."""
        return [(path.name, sha256) for path, sha256 in zip(self.paths, self.checksums, strict=True)]


def open_folders(*folders: Path) -> ImageSet:
    """Return the images of the folders; raises InputError when one of them holds none."""
    paths: list[Path] = []
    warnings: list[str] = []
    for folder in folders:
        content = pictures_of(folder)
        if not content.files:
            others = f" It holds {listed(content.passed_over)}." if content.passed_over else ""
            raise InputError(f"There are no images in {folder}. Name a folder that holds some.{others}")
        paths += content.files
        warnings += content.warnings
    return ImageSet(folders, tuple(paths), warnings=tuple(warnings))


def union(sets: Sequence[ImageSet]) -> ImageSet:
    """Return the images of all sets as one."""
    folders = dict.fromkeys(folder for images in sets for folder in images.folders)
    return ImageSet(tuple(folders), tuple(path for images in sets for path in images.paths))


def split_variants(images: ImageSet) -> tuple[ImageSet, ...]:
    """Return the images NAME_01, NAME_02, ... as one set for each number.

    Raises InputError for an image without a number.
    """
    variants: dict[str, list[Path]] = {}
    for path in images.paths:
        if not (number := _VARIANT_NUMBER.search(path.stem)):
            raise InputError(
                f"{path} has no number in its name as NAME_01, NAME_02, ... have, which `vidstyle render --diversify` "
                "writes. Leave --variants out."
            )
        variants.setdefault(number[0], []).append(path)
    return tuple(ImageSet(images.folders, tuple(paths), suffix) for suffix, paths in sorted(variants.items()))


def by_name(images: ImageSet) -> dict[str, Path]:
    """Return the files by their names without suffix; raises InputError when two share one."""
    paths: dict[str, Path] = {}
    for path in images.paths:
        name = path.stem.removesuffix(images.name_suffix)
        if name in paths:
            raise InputError(f"{paths[name]} and {path} share a name, so results cannot be told apart. Rename one.")
        paths[name] = path
    return paths


def read_ahead(paths: Sequence[Path], prepare: Callable[[np.ndarray], Prepared]) -> Iterator[Prepared]:
    """Yield what `prepare` makes of each image, (h, w, 3) uint8, in order; threads read a few ahead.

    Raises InputError for a file that cannot be read.
    """

    def load(path: Path) -> Prepared:
        return prepare(read_image(path))

    return map_in_order(load, paths, READERS)
