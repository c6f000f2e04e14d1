"""Known weights from their official address, checked, into the user's cache."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from vidstyle.checksum import remembered_sha256_of
from vidstyle.errors import StyleError
from vidstyle.files import whole_file
from vidstyle.models.weights import Weights, find, folders, known, missing
from vidstyle.progress import OnProgress, Progress

_TIMEOUT_SECONDS = 20
_PIECE_BYTES = 1 << 20


def find_or_fetch(name: str, on_progress: OnProgress) -> Path:
    """Return the file of known weights, downloaded into the user's cache where no folder or package holds it.

    Raises StyleError when there is no such name, no connection, or something else at the address.
    """
    row, path = known(name), find(name)
    if path is not None:
        return path
    if not row.url:
        raise missing(row)
    return _fetch(row, folders()[-1] / row.files[-1], on_progress)


def _fetch(row: Weights, target: Path, on_progress: OnProgress) -> Path:
    from http.client import HTTPException
    from urllib.request import urlopen

    with whole_file(target) as partial:
        try:
            with urlopen(row.url, timeout=_TIMEOUT_SECONDS) as answer, partial.open("wb") as file:
                total = int(answer.headers.get("Content-Length") or 0)
                _copy(
                    _pieces(answer), file, Progress(f"downloading {row.name}", 0, total or None, "bytes"), on_progress
                )
        except (HTTPException, OSError) as error:
            reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
            raise StyleError(f"{missing(row)} Downloading them failed: {reason} ({row.url}).") from error
        if not checksum(partial).startswith(row.sha256):
            raise StyleError(f"{row.url} did not give the weights {row.name}: another checksum. {missing(row)}")
    return target


def _pieces(answer: BinaryIO) -> Iterator[bytes]:
    while piece := answer.read(_PIECE_BYTES):
        yield piece


def _copy(pieces: Iterator[bytes], file: BinaryIO, progress: Progress, on_progress: OnProgress) -> None:
    done = 0
    for piece in pieces:
        file.write(piece)
        done += len(piece)
        on_progress(Progress(progress.phase, done, progress.total, progress.unit))


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal; raises StyleError when it cannot be read."""
    try:
        return remembered_sha256_of(path)
    except OSError as error:
        raise StyleError(f"Cannot read the weights {path}: {error.strerror}. Check the path.") from error
