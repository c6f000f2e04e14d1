"""Folders of pictures: what is in them, by name and by content, and reading them ahead of the computing."""

import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np

from vidstyle.checksum import cached_sha256_of
from vidstyle.errors import InputError
from vidstyle.media.images import list_images, read_image

READERS = 4
_VARIANT = re.compile(r"_\d{2,}$")
Prepared = TypeVar("Prepared")


@dataclass(frozen=True)
class Pictures:
    """The image files of one folder or several, in natural order.

    `ending` is what follows the source's name in theirs, `made_from` the place of what they are copies of.
    """

    folders: tuple[Path, ...]
    paths: tuple[Path, ...]
    ending: str = ""
    made_from: str = ""

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def place(self) -> str:
        """The folders as the user knows them, for messages."""
        return self.made_from or ", ".join(str(folder) for folder in self.folders)

    @cached_property
    def content(self) -> tuple[str, ...]:
        """The SHA-256 of each file."""
        return tuple(cached_sha256_of(path) for path in self.paths)

    @property
    def named_content(self) -> list[tuple[str, str]]:
        """The name and SHA-256 of each file, for what depends on names too."""
        return [(path.name, sha256) for path, sha256 in zip(self.paths, self.content, strict=True)]


def open_folders(*folders: Path) -> Pictures:
    """Return the pictures of the folders; raises InputError when one of them holds none."""
    paths: list[Path] = []
    for folder in folders:
        if not (found := list_images(folder)):
            raise InputError(f"There are no images in {folder}. Name a folder that holds some.")
        paths += found
    return Pictures(folders, tuple(paths))


def variants_of(pictures: Pictures) -> tuple[Pictures, ...]:
    """Return the pictures NAME_01, NAME_02, ... as one set for each number; raises InputError for one without a number."""
    sets: dict[str, list[Path]] = {}
    for path in pictures.paths:
        if not (found := _VARIANT.search(path.stem)):
            raise InputError(
                f"{path} is no NAME_01, NAME_02, ... as `vidstyle render --diversify` writes them. Leave --variants out."
            )
        sets.setdefault(found[0], []).append(path)
    return tuple(Pictures(pictures.folders, tuple(paths), ending) for ending, paths in sorted(sets.items()))


def by_name(pictures: Pictures) -> dict[str, Path]:
    """Return the files of one folder by their names without suffix; raises InputError when two share one."""
    named: dict[str, Path] = {}
    for path in pictures.paths:
        name = path.stem.removesuffix(pictures.ending)
        if name in named:
            raise InputError(f"{named[name]} and {path} share a name, so results cannot be told apart. Rename one.")
        named[name] = path
    return named


def read_ahead(paths: Sequence[Path], prepare: Callable[[np.ndarray], Prepared]) -> Iterator[Prepared]:
    """Yield what `prepare` makes of each image, in order, a few read ahead by threads; raises InputError."""

    def load(path: Path) -> Prepared:
        return prepare(read_image(path))

    with ThreadPoolExecutor(READERS) as pool:
        waiting: deque[Future[Prepared]] = deque()
        for path in paths:
            waiting.append(pool.submit(load, path))
            if len(waiting) > 2 * READERS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
