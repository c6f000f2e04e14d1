"""What the user's arguments name: the files of a quoted pattern, and a sentence for what is no file that can be read."""

import os
import re
import stat
from contextlib import suppress
from pathlib import Path

from vidstyle.errors import InputError

PATTERN_SIGNS = "*?["
ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/+(?=[^/])")
"""How the address of something on a network begins; a path has lost one of its two slashes."""
SPECIAL = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
"""What is no regular file, and what it is."""


def files_named_by(source: Path) -> list[Path]:
    """Return the files that a quoted pattern names, in no order, and any other path as it is.

    Raises InputError when no file matches, or when the path is an address, a pipe, a socket or a device.
    """
    refuse_special(source)
    if _status(source) is not None or not any(sign in str(source) for sign in PATTERN_SIGNS):
        return [source]
    try:
        found = Path(source.anchor or ".").glob(str(source.relative_to(source.anchor)))
        files = [path for path in found if path.is_file()]
    except (OSError, ValueError, IndexError, NotImplementedError) as error:
        raise InputError(f"{source} is no pattern that can be used: {error}. Check it.") from error
    if not files:
        raise InputError(f"No file matches {source}. Check the pattern.")
    return files


def refuse_special(path: Path) -> None:
    """Raise InputError for what is read once only or is not on this machine: a pipe, a socket, a device, an address."""
    status = _status(path)
    if status is None:
        if str(path) == "-":
            raise InputError(
                "Standard input (-) cannot be read: a file is read more than once. Give the name of a file."
            )
        if ADDRESS.match(str(path)):
            address = ADDRESS.sub(r"\1://", str(path), count=1)
            raise InputError(f"{address} is an address on a network. Download it, and give the file.")
        return
    for is_kind, kind in SPECIAL:
        if is_kind(status.st_mode):
            raise InputError(f"{path} is {kind}, and a file is read more than once. Write it into a file first.")


def names_folder(target: str | os.PathLike[str]) -> bool:
    """Whether a target is spelled as a folder, with a slash at its end, as in `Vol. 2/`."""
    return os.fspath(target).endswith(tuple({"/", os.sep}))


def _status(path: Path) -> os.stat_result | None:
    """Return the status of what is at `path`, None where there is nothing or the name cannot be taken."""
    with suppress(OSError, ValueError):
        return path.stat()
    return None
