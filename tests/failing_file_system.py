"""A stand-in for a file system that fails once: one call of open, write, fsync, rename, flock or statvfs ends with an error."""

import builtins
import errno
import fcntl
import io
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ERRORS = {
    **dict.fromkeys(["open", "fsync", "rename", "flock"], errno.EIO),
    "write": errno.ENOSPC,
    "statvfs": errno.ENOSYS,
}
"""What the calls fail with: a broken disk or a share that is gone, a full disk, a request that is not known."""


class FailingFileSystem:
    """Counts the calls that reach `folder`, and lets call number `fails_at` of `operation` fail, once; 0 is none."""

    def __init__(self, folder: Path, operation: str = "", fails_at: int = 0) -> None:
        self.folder = folder.absolute()
        self.operation, self.fails_at = operation, fails_at
        self.calls: Counter[str] = Counter()

    def meet(self, operation: str, *places: Any) -> None:
        """Count a call if one of its places, paths or numbers of open files, lies in the folder; it may fail."""
        if any(self._holds(place) for place in places):
            self.calls[operation] += 1
            if operation == self.operation and self.calls[operation] == self.fails_at:
                number = ERRORS[operation]
                raise OSError(number, os.strerror(number))

    def _holds(self, place: Any) -> bool:
        path = Path(f"/proc/self/fd/{place}").readlink() if isinstance(place, int) else Path(os.fsdecode(place))
        return path.absolute().is_relative_to(self.folder)


class _File:
    """An open file whose `write` may fail."""

    def __init__(self, file: Any, path: Any, file_system: FailingFileSystem) -> None:
        self._file, self._path, self._file_system = file, path, file_system

    def write(self, content: Any) -> int:
        self._file_system.meet("write", self._path)
        written: int = self._file.write(content)
        return written

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> "_File":
        self._file.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._file.__exit__(*error)


@contextmanager
def failing(folder: Path, operation: str = "", fails_at: int = 0) -> Iterator[FailingFileSystem]:
    """Let one call on `folder` fail inside the block; yields the stand-in, which counts all of them."""
    file_system = FailingFileSystem(folder, operation, fails_at)
    system_open = io.open

    def opened(path: Any, mode: str = "r", *others: Any, **options: Any) -> Any:
        file_system.meet("open", path)
        file = system_open(path, mode, *others, **options)
        return _File(file, path, file_system) if set(mode) & set("wax+") else file

    def before(name: str, call: Callable[..., Any], places: int = 1) -> Callable[..., Any]:
        def met(*arguments: Any, **options: Any) -> Any:
            file_system.meet(name, *arguments[:places])
            return call(*arguments, **options)

        return met

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(builtins, "open", opened)
        patch.setattr(io, "open", opened)
        patch.setattr(os, "open", before("open", os.open))
        patch.setattr(os, "fsync", before("fsync", os.fsync))
        patch.setattr(os, "replace", before("rename", os.replace, 2))
        patch.setattr(os, "rename", before("rename", os.rename, 2))
        patch.setattr(fcntl, "flock", before("flock", fcntl.flock))
        patch.setattr(os, "statvfs", before("statvfs", os.statvfs))
        yield file_system
