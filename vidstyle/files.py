"""Writes files so that they appear under their name only when they are complete, and locks folders for one process."""

import errno
import glob
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from vidstyle.errors import InputError, OutputError, TargetExists, VidstyleError

LONGEST_NAME_BYTES = 255
"""How long the name of a file may be on the usual file systems."""
LONGEST_NAME_INSIDE_BYTES = 110
"""A longer name inside a hidden one is replaced by its hash. Encrypted home folders (eCryptfs) take 143 bytes in all."""
HASH_DIGITS = 16
NOT_SUPPORTED = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
"""What file systems answer to a request that they do not know: network shares, shared folders of virtual machines."""
NO_LOCKS = NOT_SUPPORTED | {errno.ENOLCK}

DAMAGE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)
"""What reading a record leads to that is cut off, overwritten or edited: no JSON, other keys, values of other types."""


def hidden_name(name: str, purpose: str, suffix: str = "") -> str:
    """Return the hidden name `.NAME.PURPOSESUFFIX` of what belongs to a file; a long NAME is replaced by a hash of it."""
    if len(os.fsencode(f"{name}{suffix}")) > LONGEST_NAME_INSIDE_BYTES:
        name = sha256(os.fsencode(name)).hexdigest()[:HASH_DIGITS]
    return f".{name}.{purpose}{suffix}"


def shortened(stem: str, suffix: str, most_bytes: int = LONGEST_NAME_BYTES) -> str:
    """Return the name `stem` + `suffix`, with letters of the stem left out at its end until it has `most_bytes`."""
    while stem and len(os.fsencode(f"{stem}{suffix}")) > most_bytes:
        stem = stem[:-1]
    return f"{stem}{suffix}"


def partial_path(target: Path) -> Path:
    """Return the hidden name, beside `target` and with its suffix, under which it is written."""
    return target.with_name(hidden_name(target.stem, f"partial-{os.getpid()}", target.suffix))


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
        with suppress(OSError):  # none is there where its folder or its name was refused
            partial.unlink(missing_ok=True)


def remove_stale_partials(target: Path) -> None:
    """Remove the partial files of `target` that killed processes left; raises OSError."""
    pattern = glob.escape(hidden_name(target.stem, "partial-", target.suffix)).replace("partial-", "partial-*")
    for partial in target.parent.glob(pattern):
        number = partial.name.removesuffix(target.suffix).rpartition("-")[2]
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
    """Wait until the contents of a file, or the names in a folder, are on the disk itself; raises OSError.

    A file system that has no such request, or a folder that cannot be opened for it, is left alone.
    """
    is_folder = path.is_dir()
    if is_folder and os.name == "nt":
        return
    try:
        handle = os.open(path, os.O_RDONLY if is_folder else os.O_RDWR)
    except OSError as error:
        if is_folder and error.errno in {*NOT_SUPPORTED, errno.EACCES, errno.EISDIR}:
            return
        raise
    try:
        synchronise(handle)
    finally:
        os.close(handle)


def synchronise(handle: int) -> None:
    """Wait until what was written to an open file is on the disk itself; raises OSError, but not where it cannot be asked."""
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in NOT_SUPPORTED:
            raise


def free_bytes(folder: Path) -> int | None:
    """Return how much room the file system of a folder has for the user, None where it does not say; raises OSError.

    Network shares and cloud drives may have no such request, or answer that they hold 0 bytes in all.
    """
    try:
        usage = shutil.disk_usage(folder)
    except OSError as error:
        if error.errno not in NOT_SUPPORTED:
            raise
        return None
    return usage.free if usage.total else None


def refuse_existing(target: Path, overwrite: bool) -> None:
    """Raise TargetExists when `target` exists and is not to be overwritten."""
    with as_output_error(target):
        there = target.exists()
    if there and not overwrite:
        raise TargetExists(f"{target} exists already. Give another name with -o, or --overwrite.")


def as_json(content: Any) -> str:
    """Return `content` as indented JSON; bytes of file names that are no text stay as escapes, which read back the same."""
    return encodable(json.dumps(content, indent=2, ensure_ascii=False, default=str))


def encodable(text: str) -> str:
    """Return a text with a backslash and a code for what cannot be encoded, as in file names that are not UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def write_json(target: Path, content: Any) -> None:
    """Write `content` as indented JSON, completely or not at all; raises OutputError."""
    with whole_file(target) as partial:
        partial.write_text(as_json(content) + "\n", encoding="utf-8")


@contextmanager
def reading_record(
    path: Path, way_out: str, damage: str = "is damaged: it does not hold what vidstyle wrote"
) -> Iterator[None]:
    """Raise what reading a record of ours leads to in the block as an InputError that names its file.

    `damage` says what is wrong with it where it is damaged, and `way_out` what to do then.
    """
    try:
        yield
    except VidstyleError:
        raise
    except OSError as error:
        raise InputError(
            f"Cannot read {path}: {error.strerror}. Check the disk, then give the command again."
        ) from error
    except DAMAGE as error:
        raise InputError(f"{path} {damage}. {way_out}") from error


def is_file(path: Path) -> bool:
    """Whether there is a file at `path`; False also for a name that the system does not take."""
    with suppress(OSError, ValueError):
        return path.is_file()
    return False


def is_folder(path: Path) -> bool:
    """Whether there is a folder at `path`; False also for a name that the system does not take."""
    with suppress(OSError, ValueError):
        return path.is_dir()
    return False


Tell = Callable[[str], None]
_told_of: set[int] = set()
"""The devices without locks of which the user was told."""


@contextmanager
def locked(path: Path, tell: Tell = lambda _: None) -> Iterator[bool]:
    """Hold the lock on the file `path`, which is made where there is none; yield whether it was free. Raises OSError.

    The system gives the lock back when its holder ends, however it ends. A lock whose file was removed by its last holder
    does not count: another process may hold a new file of that name. On a file system without locks everybody gets one, and
    `tell` is called once with a sentence about it.
    """
    lock = FileLock(path, thread_local=False, fallback_to_soft=False)
    without_locks = False
    try:
        with suppress(Timeout):
            lock.acquire(blocking=False)
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
        without_locks = True
        _tell_once(path, tell)
    try:
        yield lock.is_locked or without_locks
    finally:
        with suppress(OSError):  # the work is done, and the system gives the lock back in any case
            lock.release()


def _tell_once(path: Path, tell: Tell) -> None:
    device = path.parent.stat().st_dev
    if device not in _told_of:
        _told_of.add(device)
        tell(f"The file system of {path.parent} has no locks. Do not start a second run on it meanwhile.")


@contextmanager
def claimed(lock: Path, busy: str, tell: Tell = lambda _: None) -> Iterator[None]:
    """Hold the folder of the file `lock` for this process alone; the folder is made where there is none.

    Raises OutputError, with the words of `busy` when another process holds it, or when it cannot be made or written. `tell`
    is as for `locked`.
    """
    with ExitStack() as held:
        with as_output_error(f"into {lock.parent}"):
            lock.parent.mkdir(parents=True, exist_ok=True)
            free = held.enter_context(locked(lock, tell))
        if not free:
            raise OutputError(busy)
        yield


@contextmanager
def as_output_error(target: Path | str) -> Iterator[None]:
    """Raise an OSError of the block as an OutputError: what cannot be written, why, and what to check."""
    try:
        yield
    except OSError as error:
        advice = advice_on(error, "Check the path, rights and free space.")
        raise OutputError(f"Cannot write {target}: {error.strerror or error}. {advice}") from error


def advice_on(error: Exception, usual: str) -> str:
    """Return what to do about an error of the system or of ffmpeg: `usual`, save where a limit on sizes was reached."""
    if getattr(error, "errno", None) == errno.EFBIG:
        return "Raise the limit on the size of files (`ulimit -f`), or write into another file system."
    return usual
