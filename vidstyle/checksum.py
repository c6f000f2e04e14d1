"""Identities by SHA-256: of a file, of a value in memory, and a quick one of a large file."""

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

ENDS_BYTES = 1 << 20
"""How much of the beginning and of the end of a large file `content_identity` reads."""


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's content, as hexadecimal; raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cached_sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's content, read once as long as its size and its time stay; raises OSError."""
    status = path.stat()
    return _cached_sha256(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=1 << 16)
def _cached_sha256(path: Path, size: int, modified_ns: int) -> str:
    return sha256_of(path)


def content_identity(path: Path) -> str:
    """Return the size and a hash of the first and last MiB: what tells a large file from another wherever it lies.

    Raises OSError.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        digest = hashlib.sha256(file.read(ENDS_BYTES))
        file.seek(max(0, size - ENDS_BYTES))
        digest.update(file.read(ENDS_BYTES))
    return f"{size}-{digest.hexdigest()[:32]}"


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
