"""The SHA-256 of files."""

import hashlib
from functools import lru_cache
from pathlib import Path


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's content, as hexadecimal; raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def remembered_sha256_of(path: Path) -> str:
    """Return the same, computed once for a file as long as its size and time stay; raises OSError."""
    stated = path.stat()
    return _remembered(path, stated.st_size, stated.st_mtime_ns)


@lru_cache(maxsize=1 << 16)
def _remembered(path: Path, size: int, changed: int) -> str:
    return sha256_of(path)
