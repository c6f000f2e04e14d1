"""The SHA-256 of files, and a quick word for what is in a large one."""

import hashlib
from functools import lru_cache
from pathlib import Path

ENDS_BYTES = 1 << 20


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's content, as hexadecimal; raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
