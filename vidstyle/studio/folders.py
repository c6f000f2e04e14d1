"""Which files the page may read and write: those whose real path lies inside the folders that were given."""

import os
from collections.abc import Iterator, Sequence
from itertools import chain, count
from pathlib import Path

from vidstyle.errors import InputError, OutputError, VidstyleError
from vidstyle.settings import is_plain

WORK_FOLDER = ".vidstyle-studio"
"""The hidden folder, inside the first of the folders, that holds jobs and previews."""
MOST_FILES = 2000
"""Files that a list on the page holds at most."""


class Folders:
    """The folders that were given.

    A file in the first one is named by its path in it. A file in another one has that folder's name and a colon before its
    path. Names that begin at the root, go up, or hold a hidden part are refused, and so are links that lead out.
    """

    def __init__(self, roots: Sequence[Path]) -> None:
        """Take the folders; raises InputError for one that is not there."""
        for root in roots:
            if not root.is_dir():
                raise InputError(f"There is no folder {root}. Give another one with --folder.")
        self.roots = tuple(dict.fromkeys(root.resolve() for root in roots))
        labels = [root.name or "root" for root in self.roots]
        self._labels = {
            f"{label}{number if labels.index(label) != number else ''}:": root
            for number, (label, root) in enumerate(zip(labels, self.roots, strict=True))
            if number
        }

    @property
    def first(self) -> Path:
        """The folder in which commands are given, with the runs in `runs`."""
        return self.roots[0]

    @property
    def work(self) -> Path:
        """The folder of jobs and previews."""
        return self.first / WORK_FOLDER

    def existing(self, name: str) -> Path:
        """Return the real path of a file or folder; raises InputError where there is none, or none that may be read."""
        path = self._real(name, InputError)
        if not path.exists():
            raise InputError(f"There is no file {name}. Choose another one.")
        return path

    def writable(self, name: str) -> Path:
        """Return the real path of a file or folder to write; raises OutputError where it may not be written."""
        return self._real(name, OutputError)

    def name_of(self, path: Path) -> str:
        """Return the name of a file inside the folders; raises InputError for one outside."""
        for label, root in (("", self.first), *self._labels.items()):
            if path.is_relative_to(root):
                return f"{label}{path.relative_to(root).as_posix()}"
        raise InputError(f"{path} is outside the folders of the page. Give its folder with --folder.")

    def files(self, suffixes: Sequence[str]) -> list[str]:
        """Return the names of files with such suffixes, in alphabetical order, without those that may not be read."""
        found = []
        for root in self.roots:
            for path in _walk(root):
                if path.suffix.lower() in suffixes and _may_be_read(path, root):
                    found.append(self.name_of(path))
                    if len(found) >= MOST_FILES:
                        return sorted(found)
        return sorted(found)

    def _real(self, name: str, kind: type[VidstyleError]) -> Path:
        refusal = kind(f"{name!r} is outside the folders of the page. Give its folder with --folder.")
        if not name or not is_plain(name):
            raise kind("No file is named. Choose one.")
        root, rest = self.first, name
        for label, other in self._labels.items():
            if name.startswith(label):
                root, rest = other, name.removeprefix(label)
        parts = Path(rest).parts
        if Path(rest).is_absolute() or any(part.startswith(".") for part in parts):
            raise refusal
        try:
            path = (root / rest).resolve()
        except (OSError, RuntimeError) as error:  # a circle of links
            raise refusal from error
        if not path.is_relative_to(root) or any(part.startswith(".") for part in path.relative_to(root).parts):
            raise refusal
        return path


def free_path(path: Path) -> Path:
    """Return a path where there is nothing: the given one, or else the same with a number, from 2 on."""
    numbered = (path.with_stem(f"{path.stem} {number}") for number in count(2))
    return next(candidate for candidate in chain([path], numbered) if not candidate.exists())


def _may_be_read(path: Path, root: Path) -> bool:
    """Return whether a file lies in a folder and has a name that can be shown: no link leads out of it or in a circle."""
    try:
        str(path).encode()
        return path.resolve(strict=True).is_relative_to(root)
    except (OSError, RuntimeError, UnicodeEncodeError):
        return False


def _walk(root: Path) -> Iterator[Path]:
    """Yield the files below a folder, without hidden ones."""
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(folder, name) for name in sorted(files) if not name.startswith("."))
