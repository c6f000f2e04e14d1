"""Which files are pictures, found by looking into them, and the pictures of a folder.

Pillow does the looking. This module needs no PyAV, so that training runs where that is missing.
"""

import re
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from vidstyle.errors import InputError

PICTURE_SUFFIXES = (
    *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".dib", ".tif", ".tiff", ".gif", ".tga"),
    *(".jp2", ".j2k", ".jpx", ".ppm", ".pgm", ".pbm", ".pnm", ".avif", ".heic", ".heif", ".jxl", ".psd", ".qoi"),
)
"""A hint: in a folder of pictures these files count as pictures unlooked, all others are looked into."""
RAW_SUFFIXES = (
    *(".dng", ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".srf", ".sr2", ".raf", ".orf", ".rw2", ".pef", ".srw"),
    *(".3fr", ".erf", ".kdc", ".mrw", ".x3f"),
)
"""Raw photos. Pillow would read the small preview that some of them hold, and take it for the picture."""
MOTION_JPEG_SUFFIXES = (".mjpeg", ".mjpg")
"""Videos that are one JPEG after the other. Pillow would read the first, and take it for the picture."""
NOT_PICTURES = frozenset(
    ["BUFR", "EPS", "FITS", "FLI", "GRIB", "HDF5", "IPTC", "MCIDAS", "MPEG", "SPIDER", "WMF", "IM", "IMT", "XVTHUMB"]
)
"""What Pillow recognises besides pictures: data, drawings, video, and formats that nearly any file could be."""
WITHOUT_SIGNATURE = frozenset(["TGA", "PCD"])
"""Formats that say nothing of themselves at the front of a file: only their own suffix tells them."""
HEIF_BRANDS = frozenset([b"heic", b"heix", b"heim", b"heis", b"hevm", b"hevs", b"mif1", b"msf1"])
AVIF_BRANDS = frozenset([b"avif", b"avis"])
JPEG_XL_SIGNATURES = (b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n")
OWN_FILES = frozenset(["manifest.json", "report.html", "painted.json", "table.md", "table.csv", "table.json"])
"""What the stages write beside pictures. Nobody has to be told that these are no pictures."""
HEAD_BYTES = 64
MOST_NAMED = 100


@dataclass(frozen=True)
class OptionalReader:
    """A picture format that Pillow reads with an optional package; `extra` is the extra of this program that brings it."""

    format: str
    package: str
    module: str
    extra: str


HEIC = OptionalReader("HEIC", "pillow-heif", "pillow_heif", "heif")
JPEG_XL = OptionalReader("JPEG XL", "pillow-jxl-plugin", "pillow_jxl", "jxl")


def is_picture(path: Path) -> bool:
    """Return whether a file is a picture by its content, also one that needs an optional package.

    A file that is empty or cannot be opened counts by its suffix.
    """
    suffix = path.suffix.lower()
    if suffix in (*RAW_SUFFIXES, *MOTION_JPEG_SUFFIXES) or not path.is_file():
        return suffix in PICTURE_SUFFIXES
    try:
        head = head_of(path)
    except OSError:
        head = b""
    if not head:
        return suffix in PICTURE_SUFFIXES
    return optional_reader(head) is not None or _pictures_in(path) > 0


def is_animation(path: Path) -> bool:
    """Return whether a picture file is a GIF or PNG of several pictures, which plays as a video."""
    return path.is_file() and _pictures_in(path, ("GIF", "PNG")) > 1


def _pictures_in(path: Path, formats: Iterable[str] = ()) -> int:
    """Return 0 for no picture of these formats, 1 for a picture, 2 for several."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path, formats=[*formats] or formats_for(path)) as image:
                return 2 if getattr(image, "is_animated", False) else 1
    except (UnidentifiedImageError, FileNotFoundError):
        return 0
    except Image.DecompressionBombError:
        return 1
    except Exception:  # a damaged picture: reading it will say so
        return int(path.suffix.lower() in PICTURE_SUFFIXES)


def head_of(path: Path) -> bytes:
    """Return the first bytes of a file, enough to tell its format; raises OSError."""
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def optional_reader(head: bytes) -> OptionalReader | None:
    """Return what reads a file that begins with `head`, None where Pillow alone does."""
    if head.startswith(JPEG_XL_SIGNATURES):
        return JPEG_XL
    if head[4:8] != b"ftyp":
        return None
    # ISO/IEC 14496-12, 4.3: the size of the box, its type, the major brand, a version, and compatible brands.
    box = head[: int.from_bytes(head[:4])]
    brands = {box[8:12], *(box[start : start + 4] for start in range(16, len(box), 4))}
    return HEIC if box[8:12] in HEIF_BRANDS and not brands & AVIF_BRANDS else None


@lru_cache
def can_load(reader: OptionalReader) -> bool:
    """Make Pillow read the format if its package is installed, and return whether it is."""
    try:
        module = import_module(reader.module)
    except ImportError:
        return False
    if register := getattr(module, "register_heif_opener", None):
        register()
    formats.cache_clear()
    return True


def formats_for(path: Path) -> list[str]:
    """Return the names of Pillow's formats that a file may have."""
    own = Image.registered_extensions().get(path.suffix.lower())
    return [name for name in formats() if name not in WITHOUT_SIGNATURE or name == own]


@lru_cache
def formats() -> tuple[str, ...]:
    """Return the names of Pillow's formats that are pictures."""
    Image.init()
    return tuple(name for name in Image.ID if name not in NOT_PICTURES)


@dataclass(frozen=True)
class FolderContent:
    """The files of a folder to work on, in natural order, and in words what else lies in it."""

    folder: Path
    files: tuple[Path, ...]
    passed_over: tuple[str, ...]

    @property
    def warnings(self) -> list[str]:
        """One warning that names what is passed over, none where there is nothing."""
        if not self.passed_over:
            return []
        return [f"{self.folder}: passed over {listed(self.passed_over)}."]


def listed(names: tuple[str, ...]) -> str:
    """Return names with commas between, and the number of those beyond a hundred."""
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


def look_through(folder: Path, wanted: Callable[[Path], bool]) -> FolderContent:
    """Return the files of a folder that are `wanted`, without hidden ones; raises InputError where it cannot be listed."""
    try:
        paths = sorted((path for path in folder.iterdir() if not path.name.startswith(".")), key=natural_order)
    except OSError as error:
        raise InputError(f"Cannot list the folder {folder}: {error.strerror}. Check the path.") from error
    files = [path for path in paths if path.is_file() and wanted(path)]
    taken = {*files, *(folder / name for name in OWN_FILES)}
    others = [path for path in paths if path not in taken]
    return FolderContent(folder, tuple(files), tuple(f"{path.name}{_why(path)}" for path in others))


def _why(path: Path) -> str:
    """Return why a file is passed over, where its name does not show it."""
    if path.is_dir():
        return " (a folder)"
    if path.is_symlink() and not path.exists():
        return " (a broken link)"
    if path.suffix.lower() in RAW_SUFFIXES:
        return " (a raw photo)"
    return "" if path.is_file() else " (no regular file)"


def pictures_of(folder: Path) -> FolderContent:
    """Return the pictures of a folder; only files without a suffix of pictures are looked into. Raises InputError."""
    return look_through(folder, lambda path: path.suffix.lower() in PICTURE_SUFFIXES or is_picture(path))


def natural_order(path: Path) -> list[tuple[int, int, str]]:
    """Return a sort key under which numbers in a name count as numbers."""
    parts = re.split(r"(\d+)", path.name.lower())
    return [(1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts]
