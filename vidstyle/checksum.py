"""Identities: the SHA-256 of a file or of a described value, and a quick one for large files."""

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

ENDS_BYTES = 1 << 20


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's content, as hexadecimal; raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_or_empty(path: Path) -> str:
    """Return the SHA-256 of a file's content, as hexadecimal; "" where there is no file."""
    try:
        return sha256_of(path)
    except FileNotFoundError:
        return ""


def identity_of(value: Any) -> str:
    """Return the SHA-256, as hexadecimal, of a value that JSON can hold; other values count as their text.

    The order of a dictionary's keys does not matter.
    """
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def content_identity(path: Path) -> str:
    """Return what tells one large file from another wherever it lies: its size and a hash of its first and last MiB."""
    size = path.stat().st_size
    with path.open("rb") as handle:
        digest = hashlib.sha256(handle.read(ENDS_BYTES))
        handle.seek(max(0, size - ENDS_BYTES))
        digest.update(handle.read(ENDS_BYTES))
    return f"{size}-{digest.hexdigest()[:32]}"


def remembered_sha256_of(path: Path) -> str:
    """Return the same, computed once for a file as long as its size and time stay; raises OSError."""
    stated = path.stat()
    return _remembered(path, stated.st_size, stated.st_mtime_ns)


@lru_cache(maxsize=1 << 16)
def _remembered(path: Path, size: int, changed: int) -> str:
    return sha256_of(path)
