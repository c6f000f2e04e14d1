"""Files that appear under their name only when they are whole, and the lock that one process holds."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from vidstyle.errors import OutputError, TargetExists


@contextmanager
def locked(path: Path) -> Iterator[bool]:
    """Hold the lock on the file `path`, made where there is none; yield whether it was free. Raises OSError."""
    handle = _opened(path)
    try:
        yield _take(handle) and _is_still(handle, path)
    finally:
        os.close(handle)


@contextmanager
def claimed(lock: Path, busy: str) -> Iterator[None]:
    """Hold the folder of the file `lock` for this process alone; the folder is made where there is none.

    Raises OutputError, with the words of `busy` when another process holds it, or when it cannot be made or written.
    """
    with ExitStack() as held:
        try:
            lock.parent.mkdir(parents=True, exist_ok=True)
            free = held.enter_context(locked(lock))
        except OSError as error:
            raise OutputError(
                f"Cannot write into {lock.parent}: {error.strerror or error}. Check the path, rights and free space."
            ) from error
        if not free:
            raise OutputError(busy)
        yield


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o644)


def _take(handle: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _is_still(handle: int, path: Path) -> bool:
    """Whether the locked file is the one that bears the name: a holder that has just ended may have removed it."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def partial_path(target: Path) -> Path:
    """Return the hidden name, beside `target` and with its suffix, under which it is written."""
    return target.with_name(f".{target.stem}.partial-{os.getpid()}{target.suffix}")


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """Yield a path to write; it becomes `target` when the block ends well and vanishes when it does not.

    Raises OutputError when the system refuses to create, fill or rename the file.
    """
    partial = partial_path(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        flush(partial)
        partial.replace(target)
        flush(target.parent)
    except OSError as error:
        raise OutputError(
            f"Cannot write {target}: {error.strerror or error}. Check the path, rights and free space."
        ) from error
    finally:
        with suppress(NotADirectoryError):
            partial.unlink(missing_ok=True)


def remove_stale_partials(target: Path) -> None:
    """Remove what processes that were killed had written of `target`; raises OSError."""
    for partial in target.parent.glob(f".{target.stem}.partial-*{target.suffix}"):
        number = partial.stem.rpartition("-")[2]
        if number.isdecimal() and not _is_running(int(number)):
            partial.unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    if os.name == "nt":  # where asking would end the process
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def flush(path: Path) -> None:
    """Return once the contents of a file, or the names in a folder, are on the disk itself; raises OSError."""
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def refuse_existing(target: Path, overwrite: bool) -> None:
    """Raise TargetExists when `target` exists and is not to be overwritten."""
    if target.exists() and not overwrite:
        raise TargetExists(f"{target} exists already. Give another name with -o, or --overwrite.")


def write_json(target: Path, content: Any) -> None:
    """Write `content` as indented JSON, whole or not at all."""
    with whole_file(target) as partial:
        partial.write_text(json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n", encoding="utf-8")
