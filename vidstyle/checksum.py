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
    return _identity_of_first(path, path.stat().st_size)


def begins_as(path: Path, identity: str) -> bool:
    """Return whether a file is that of a `content_identity`, or has only grown since then; raises OSError."""
    size = int(identity.partition("-")[0])
    return path.stat().st_size >= size and _identity_of_first(path, size) == identity


def _identity_of_first(path: Path, size: int) -> str:
    """Return the identity of the first `size` bytes of a file."""
    end_bytes = min(size, ENDS_BYTES)
    with path.open("rb") as file:
        digest = hashlib.sha256(file.read(end_bytes))
        file.seek(size - end_bytes)
        digest.update(file.read(end_bytes))
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
