"""Image files: read as sRGB pixels, written whole or not at all, listed in natural order.

Pillow does the decoding and encoding. This module needs no PyAV, so that training runs where that is missing.
"""

import re
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageCms, ImageOps

from vidstyle.errors import InputError, OutputError
from vidstyle.files import whole_file
from vidstyle.media.reading_options import BLACK, Rgb

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
_JPEG: dict[str, Any] = {"quality": 95, "subsampling": "4:4:4"}
WRITE_OPTIONS: dict[str, dict[str, Any]] = {
    ".png": {"compress_type": zlib.Z_RLE},
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".webp": {"quality": 95},
}
"""Pillow's options by suffix. For drawn pictures PNG with run lengths takes half the time of Pillow's default, at its size."""
PROFILED_MODES = {"L": "L", "LA": "L", "CMYK": "CMYK"}
"""The mode that an ICC profile describes in images of these modes. In all others it describes RGB."""
SIXTEEN_BIT_GREY = {"I": 65535, "I;16": 65535, "I;16B": 65535, "I;16L": 65535, "I;16N": 65535, "F": 1}
"""The value of white in grey images of more than 8 bits. In floating-point images it is 1."""
THUMBNAIL_QUALITY = 88


def read_image(path: Path, background: Rgb = BLACK) -> np.ndarray:
    """Return an image as (height, width, 3) uint8 sRGB, the first picture of an animation.

    The image is turned as its EXIF tag says, an ICC profile is converted to sRGB, and transparent pixels lie over
    `background`. Raises InputError naming the file when it is missing, empty or not an image.
    """
    with _opened(path) as image:
        _check_white(path, image)
        return np.array(_flattened(_in_srgb(ImageOps.exif_transpose(image)), background))


def pictures_in(path: Path) -> int:
    """Return how many pictures an image file holds, more than one if it is animated; raises InputError.

    The extra pictures that phones store in a photo for their own use (MPO) do not count.
    """
    with _opened(path) as image:
        return 1 if image.format == "MPO" else getattr(image, "n_frames", 1)


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"Cannot read the image {path}: {error.strerror}. Check the path.") from error
    if not content:
        raise InputError(f"The image {path} is empty (0 bytes). Copy it again.")
    try:
        with warnings.catch_warnings(), Image.open(BytesIO(content)) as image:
            warnings.simplefilter("ignore")
            yield image
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise InputError(f"{path} is not an image that can be read. Remove it or convert it to PNG or JPEG.") from error


def _in_srgb(image: Image.Image) -> Image.Image:
    """Return an image in sRGB: as RGBA where it has transparency, else as RGB."""
    if image.mode in SIXTEEN_BIT_GREY:
        return _to_eight_bits(image)
    plain = image.convert("RGBA" if image.has_transparency_data else "RGB")
    profile = image.info.get("icc_profile")
    if not profile:
        return plain
    converted = _from_profile(image.convert(PROFILED_MODES.get(image.mode, "RGB")), profile)
    if converted is None:
        return plain
    if plain.mode == "RGBA":
        converted.putalpha(plain.getchannel("A"))
    return converted


def _from_profile(image: Image.Image, profile: bytes) -> Image.Image | None:
    """Return an image in sRGB, or None if it is sRGB already or the profile is broken or of another kind of image."""
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(source).lower():
            return None
        return ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None


def _check_white(path: Path, image: Image.Image) -> None:
    """Raise InputError for an image of more than 8 bits whose values lie outside black to white."""
    if image.mode not in SIXTEEN_BIT_GREY:
        return
    values, white = np.asarray(image), SIXTEEN_BIT_GREY[image.mode]
    # Written so that NaN is refused too.
    if not (values.min() >= 0 and values.max() <= white):
        raise InputError(
            f"{path} has values from {values.min():g} to {values.max():g}, where 0 to {white:g} would be black to white. "
            "Convert it to 8 or 16 bits."
        )


def _to_eight_bits(image: Image.Image) -> Image.Image:
    scaled = np.asarray(image) * (255 / SIXTEEN_BIT_GREY[image.mode])
    return Image.fromarray(np.rint(scaled).astype(np.uint8)).convert("RGB")


def _flattened(image: Image.Image, background: Rgb) -> Image.Image:
    if image.mode == "RGB":
        return image
    return Image.alpha_composite(Image.new("RGBA", image.size, background), image).convert("RGB")


def write_image(path: Path, rgb: np.ndarray) -> None:
    """Write (height, width, 3) uint8 RGB as PNG, JPEG, WebP, ... by the suffix, whole or not at all; raises OutputError."""
    content = _encode(path, rgb)
    with whole_file(path) as partial:
        partial.write_bytes(content)


def _encode(path: Path, rgb: np.ndarray) -> bytes:
    suffix = path.suffix.lower()
    if suffix not in IMAGE_SUFFIXES:
        raise OutputError(f"Cannot write {path}: {suffix or 'no suffix'} is no image format. Use .png, .jpg or .webp.")
    content = BytesIO()
    try:
        Image.fromarray(rgb).save(content, Image.registered_extensions()[suffix], **WRITE_OPTIONS.get(suffix, {}))
    except (OSError, ValueError) as error:
        raise OutputError(f"Cannot write {path}: {error}. Try another format, such as .png.") from error
    return content.getvalue()


def jpeg_of(rgb: np.ndarray, quality: int) -> bytes:
    """Return (height, width, 3) uint8 RGB as JPEG of a quality from 1 to 95."""
    content = BytesIO()
    Image.fromarray(rgb).save(content, "JPEG", quality=quality)
    return content.getvalue()


def thumbnail_jpeg(path: Path, largest_width: int) -> bytes:
    """Return an image file as JPEG of at most `largest_width` pixels across; raises InputError."""
    content = BytesIO()
    with _opened(path) as image:
        image.thumbnail((largest_width, image.height))
        image.convert("RGB").save(content, "JPEG", quality=THUMBNAIL_QUALITY)
    return content.getvalue()


def list_images(folder: Path) -> list[Path]:
    """Return the image files of a folder in natural order (2 before 10), without hidden files; raises InputError."""
    try:
        images = [path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file()]
    except OSError as error:
        raise InputError(f"Cannot list the folder {folder}: {error.strerror}. Check the path.") from error
    return sorted((path for path in images if not path.name.startswith(".")), key=natural_order)


def natural_order(path: Path) -> list[tuple[int, int, str]]:
    """Return a sort key under which numbers in a name count as numbers."""
    parts = re.split(r"(\d+)", path.name.lower())
    return [(1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts]
