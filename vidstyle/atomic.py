"""Files and results that appear under their name only when they are whole."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

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


@dataclass(frozen=True)
class StageResult:
    """What one stage did: inputs, outputs, counts, wall seconds, resolved settings, warnings."""

    stage: str
    inputs: tuple[Path, ...]
    outputs: tuple[Path, ...]
    counts: dict[str, int]
    seconds: float
    settings: dict[str, Any]
    warnings: tuple[str, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """Return the result as JSON-ready values for `manifest.json`."""
        return asdict(self)
