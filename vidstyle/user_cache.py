"""The user's cache folder, for files that can be made or downloaded again."""

import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

NAME = "vidstyle"


def user_cache() -> Path:
    """Return the program's folder inside the system's cache folder of the user; it need not exist.

    Where there is no home folder, or it cannot be written, it is a folder of the user's own among the temporary files.
    """
    usual = _usual_cache()
    return usual if usual is not None and _can_be_written(usual) else _temporary_cache()


def cache_folders() -> tuple[Path, ...]:
    """Return the folders in which cached files may lie: also the usual one where that can only be read, the written one last."""
    usual = _usual_cache()
    return tuple(dict.fromkeys(folder for folder in (usual, user_cache()) if folder is not None))


def _usual_cache() -> Path | None:
    """Return the program's folder in the cache folder of the system, None where there is no home folder."""
    with suppress(RuntimeError):
        return _system_cache() / NAME
    return None


def _system_cache() -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    if sys.platform == "win32":
        given = os.environ.get("LOCALAPPDATA")
        return Path(given) if given else Path.home() / "AppData" / "Local"
    given = os.environ.get("XDG_CACHE_HOME")
    return Path(given) if given else Path.home() / ".cache"


def _can_be_written(folder: Path) -> bool:
    """Whether files can be made in a folder, or it can be made; False also where a file has its place."""
    with suppress(OSError):
        nearest = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
        return nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)
    return False


@contextmanager
def home_folder() -> Iterator[None]:
    """Let libraries find a home folder in the block, where the user has none and they would fail without."""
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = str(user_cache())
        try:
            yield
        finally:
            del os.environ["HOME"]
    else:
        yield


@cache
def _temporary_cache() -> Path:
    """Return a folder for temporary files that is this user's alone: the same one each time, unless another user has it."""
    shared = Path(tempfile.gettempdir()) / f"{NAME}-{os.getuid() if hasattr(os, 'getuid') else os.getlogin()}"
    with suppress(OSError):
        shared.mkdir(mode=0o700, exist_ok=True)
        status = shared.lstat()
        is_ours = os.name == "nt" or (status.st_uid == os.getuid() and not status.st_mode & 0o022)
        if stat.S_ISDIR(status.st_mode) and is_ours and os.access(shared, os.W_OK | os.X_OK):
            return shared
    return Path(tempfile.mkdtemp(prefix=f"{NAME}-"))
