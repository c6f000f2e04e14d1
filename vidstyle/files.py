"""Writes files so that they appear under their name only when they are complete, and locks folders for one process."""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from vidstyle.errors import OutputError, TargetExists


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
        with as_output_error(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            yield partial
            flush(partial)
            partial.replace(target)
            flush(target.parent)
    finally:
        with suppress(NotADirectoryError):
            partial.unlink(missing_ok=True)


def remove_stale_partials(target: Path) -> None:
    """Remove the partial files of `target` that killed processes left; raises OSError."""
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
    """Wait until the contents of a file, or the names in a folder, are on the disk itself; raises OSError."""
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
    """Write `content` as indented JSON, completely or not at all; raises OutputError."""
    with whole_file(target) as partial:
        partial.write_text(json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n", encoding="utf-8")


@contextmanager
def locked(path: Path) -> Iterator[bool]:
    """Hold the lock on the file `path`, which is made where there is none; yield whether it was free. Raises OSError.

    The system gives the lock back when its holder ends, however it ends. A lock whose file was removed by its last holder
    does not count: another process may hold a new file of that name.
    """
    lock = FileLock(path, thread_local=False)
    with suppress(Timeout):
        lock.acquire(blocking=False)
    try:
        yield lock.is_locked
    finally:
        lock.release()


@contextmanager
def claimed(lock: Path, busy: str) -> Iterator[None]:
    """Hold the folder of the file `lock` for this process alone; the folder is made where there is none.

    Raises OutputError, with the words of `busy` when another process holds it, or when it cannot be made or written.
    """
    with ExitStack() as held:
        with as_output_error(f"into {lock.parent}"):
            lock.parent.mkdir(parents=True, exist_ok=True)
            free = held.enter_context(locked(lock))
        if not free:
            raise OutputError(busy)
        yield


@contextmanager
def as_output_error(target: Path | str) -> Iterator[None]:
    """Raise an OSError of the block as an OutputError: what cannot be written, why, and what to check."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"Cannot write {target}: {error.strerror or error}. Check the path, rights and free space."
        ) from error
