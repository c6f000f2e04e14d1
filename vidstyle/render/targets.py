"""Whether a result may be written where it is asked for: found out before the work begins."""

import os
import shutil
from pathlib import Path

from vidstyle.atomic import partial_path, refuse_existing
from vidstyle.errors import OutputError

BYTES_PER_MEBIBYTE = 1 << 20


def check_target(source: Path, target: Path, *, overwrite: bool) -> None:
    """Raise OutputError where `target` is the source itself, a folder, or cannot be created; TargetExists where it is there."""
    if _same(source, target):
        raise OutputError(f"{target} is the source itself. Give another name with -o.")
    if target.is_dir():
        raise OutputError(f"{target} is a folder. Give the name of a file in it with -o.")
    refuse_existing(target, overwrite)
    _try_to_create(target)


def _same(source: Path, target: Path) -> bool:
    """Whether both names lead to one file, also through links."""
    try:
        return source.samefile(target)
    except OSError:
        return source.resolve() == target.resolve()


def _try_to_create(target: Path) -> None:
    folder = next(parent for parent in target.absolute().parents if parent.exists() or parent.is_symlink())
    trial = folder / partial_path(target).name
    try:
        trial.touch()
        trial.unlink()
    except OSError as error:
        raise OutputError(
            f"Cannot write into {folder}: {error.strerror}. Choose a folder that can be written with -o."
        ) from error


def check_room(target: Path, needed_bytes: int) -> None:
    """Raise OutputError when the file system of `target` has less than `needed_bytes` free."""
    folder = next(parent for parent in target.absolute().parents if parent.is_dir())
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        needed, left = (round(count / BYTES_PER_MEBIBYTE) for count in (needed_bytes, free))
        raise OutputError(
            f"{os.fspath(folder)} has {left:,} MiB free, {target.name} needs about {needed:,} MiB. "
            "Free some space, raise --crf, or write elsewhere with -o."
        )
