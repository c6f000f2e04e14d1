"""Names what a file is that was given for weights and is something else: a pointer, a web page, an archive of code."""

import json
import pickletools
import zipfile
from contextlib import suppress
from itertools import islice
from pathlib import Path

SNIFFED_BYTES = 4096
SAFETENSORS = "a safetensors file"
CHECKPOINT = "a checkpoint of PyTorch"
OLD_CHECKPOINT = "a checkpoint of an old PyTorch"
"""As it wrote them before version 1.6: pickles, the first of which is a number."""
OLD_CHECKPOINT_NUMBER = 0x1950A86A20F9469CFC6C
FETCH_POINTER = "Fetch the file itself with `git lfs pull`, or download it from the project's page"
DOWNLOAD_AGAIN = "Download it again from where its project offers it"
STATE_DICT = "Ask its author for the state dict, or for safetensors"
BEGINNINGS = (
    (
        b"version https://git-lfs",
        "a pointer of Git LFS, a few lines of text in the place of the weights",
        FETCH_POINTER,
    ),
    (b"GGUF", "a GGUF file of a language model", STATE_DICT),
    (b"\x89HDF", "an HDF5 file, as Keras writes", STATE_DICT),
    (b"\x93NUMPY", "an array of NumPy", STATE_DICT),
    (b"\x1f\x8b", "compressed with gzip", "Unpack it and give the file inside"),
    (b"7z\xbc\xaf", "a 7z archive", "Unpack it and give the file inside"),
    (b"Rar!", "a RAR archive", "Unpack it and give the file inside"),
    (b"\xfd7zXZ", "compressed with xz", "Unpack it and give the file inside"),
    (b"%PDF", "a PDF document", DOWNLOAD_AGAIN),
    (b"\x89PNG", "a picture", DOWNLOAD_AGAIN),
    (b"\xff\xd8\xff", "a picture", DOWNLOAD_AGAIN),
)
"""How a file begins, what it is, and what to do."""


def describe_file(path: Path) -> tuple[str, str]:
    """Return what a file is, as in "a web page", and what to do, as a sentence without its full stop.

    Both are empty for a file of a kind that is not known.
    """
    try:
        with path.open("rb") as file:
            beginning = file.read(SNIFFED_BYTES)
    except OSError as error:
        return f"not readable ({error.strerror})", "Check the path and its rights"
    if not beginning:
        return "empty (0 bytes)", DOWNLOAD_AGAIN
    for mark, kind, advice in BEGINNINGS:
        if beginning.startswith(mark):
            return kind, advice
    if beginning.startswith(b"PK\x03\x04"):
        return _describe_zip(path)
    if beginning[:1] == b"\x80":
        return _describe_pickle(beginning)
    if _is_safetensors(beginning, path.stat().st_size):
        return SAFETENSORS, "Give it a name that ends in .safetensors"
    return _describe_text(beginning)


def _describe_zip(path: Path) -> tuple[str, str]:
    """Return what a zip archive is: PyTorch writes its checkpoints and its TorchScript programs so."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return "a zip archive that is cut off or damaged", DOWNLOAD_AGAIN
    if any(name.endswith("/constants.pkl") or "/code/" in name for name in names):
        return "a TorchScript program, which holds code beside its weights", STATE_DICT
    if any(name.endswith("data.pkl") for name in names):
        return CHECKPOINT, STATE_DICT
    if names and all(name.endswith(".npy") for name in names):
        return "a file of NumPy's arrays (npz)", STATE_DICT
    return "a zip archive of other files", "Unpack it and give the file inside"


def _describe_pickle(beginning: bytes) -> tuple[str, str]:
    """Return what a pickle is, by its first instructions, none of which is followed."""
    try:
        values = [value for _, value, _ in islice(pickletools.genops(beginning), 2)]
    except (ValueError, LookupError, OverflowError):
        return "", ""
    if OLD_CHECKPOINT_NUMBER in values:
        return OLD_CHECKPOINT, STATE_DICT
    return "a pickle of Python objects that PyTorch did not write, and reading one could run code", STATE_DICT


def _is_safetensors(beginning: bytes, size: int) -> bool:
    """Whether the file begins with the length of a header, and with that (https://github.com/huggingface/safetensors)."""
    return beginning[8:9] == b"{" and int.from_bytes(beginning[:8], "little") <= size - 8


def _describe_text(beginning: bytes) -> tuple[str, str]:
    text = beginning.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<body", b"<script")) or b"<html" in text[:1000]:
        return "a web page, as downloads that need a login leave", DOWNLOAD_AGAIN
    if b"/annex/objects/" in text[:1000]:
        return "a pointer of git-annex", "Fetch the file itself with `git annex get`"
    with suppress(UnicodeDecodeError):
        decoded = text.decode("utf-8", "strict" if len(beginning) < SNIFFED_BYTES else "ignore")
        if decoded.isprintable() or all(letter.isprintable() or letter.isspace() for letter in decoded):
            return ("JSON" if _is_json(decoded) else "a text"), DOWNLOAD_AGAIN
    return "", ""


def _is_json(text: str) -> bool:
    with suppress(ValueError, RecursionError):
        return isinstance(json.loads(text), dict | list)
    return text.startswith(("{", "["))
