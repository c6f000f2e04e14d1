"""Downloading known weights from their official address into the user's cache, checked by their SHA-256."""

from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from typing import BinaryIO
from urllib.request import urlopen

from vidstyle.checksum import cached_sha256_of
from vidstyle.errors import StyleError
from vidstyle.files import whole_file
from vidstyle.models.weights import Weights, find, folders, known_weights, missing_error
from vidstyle.progress import OnProgress, Progress

_TIMEOUT_SECONDS = 20
_CHUNK_BYTES = 1 << 20


def find_or_fetch(name: str, on_progress: OnProgress) -> Path:
    """Return the file of known weights; it is downloaded into the user's cache where no folder or package holds it.

    Raises StyleError when there is no such name, no connection, or something else at the address.
    """
    row, path = known_weights(name), find(name)
    if path is not None:
        return path
    if not row.url:
        raise missing_error(row)
    return _fetch(row, folders()[-1] / row.files[-1], on_progress)


def _fetch(row: Weights, target: Path, on_progress: OnProgress) -> Path:
    with whole_file(target) as partial:
        try:
            with urlopen(row.url, timeout=_TIMEOUT_SECONDS) as answer, partial.open("wb") as file:
                total = int(answer.headers.get("Content-Length") or 0) or None
                done = 0
                for chunk in _chunks(answer):
                    file.write(chunk)
                    done += len(chunk)
                    on_progress(Progress(f"downloading {row.name}", done, total, "bytes"))
        except (HTTPException, OSError) as error:
            reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
            raise StyleError(f"{missing_error(row)} Downloading them failed: {reason} ({row.url}).") from error
        if not checksum(partial).startswith(row.sha256):
            raise StyleError(f"{row.url} did not give the weights {row.name}: another checksum. {missing_error(row)}")
    return target


def _chunks(answer: BinaryIO) -> Iterator[bytes]:
    while chunk := answer.read(_CHUNK_BYTES):
        yield chunk


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file of weights as hexadecimal; raises StyleError when it cannot be read."""
    try:
        return cached_sha256_of(path)
    except OSError as error:
        raise StyleError(f"Cannot read the weights {path}: {error.strerror}. Check the path.") from error
