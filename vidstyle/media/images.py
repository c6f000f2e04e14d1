"""Image files: read as sRGB pixels, written whole or not at all, listed in natural order.

Pillow does the decoding and encoding. This module needs no PyAV, so that training runs where that is missing.
"""

import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from vidstyle.errors import DependencyError, OutputError, PictureError, VidstyleError
from vidstyle.files import whole_file
from vidstyle.media.file_kinds.picture_formats import (
    HEAD_BYTES,
    can_load,
    formats_for,
    optional_reader,
    pictures_of,
)
from vidstyle.media.picture_metadata import NO_METADATA, PictureMetadata, metadata_of, options_for, upright
from vidstyle.media.reading_options import BLACK, Rgb

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
"""The usual suffixes of results, as messages name them."""
WRITTEN_FORMATS = {
    **{".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".bmp": "BMP", ".tif": "TIFF", ".tiff": "TIFF"},
    **{".jfif": "JPEG", ".jpe": "JPEG", ".avif": "AVIF", ".jp2": "JPEG2000", ".tga": "TGA", ".ppm": "PPM"},
}
"""Pillow's format by the suffix of a result."""
WRITE_OPTIONS: dict[str, dict[str, Any]] = {
    "PNG": {"compress_type": zlib.Z_RLE},
    "JPEG": {"quality": 95, "subsampling": "4:4:4"},
    "WEBP": {"quality": 95},
    "AVIF": {"quality": 90, "subsampling": "4:4:4"},
}
"""Pillow's options by format. For drawn pictures PNG with run lengths takes half the time of Pillow's default, at its size."""
PROFILED_MODES = {"L": "L", "LA": "L", "CMYK": "CMYK"}
"""The mode that an ICC profile describes in images of these modes. In all others it describes RGB."""
SIXTEEN_BIT_GREY = {"I": 65535, "I;16": 65535, "I;16B": 65535, "I;16L": 65535, "I;16N": 65535, "F": 1}
"""The value of white in grey images of more than 8 bits. In floating-point images it is 1."""
THUMBNAIL_QUALITY = 88


@dataclass(frozen=True)
class Picture:
    """A picture file as it is read: (height, width, 3) uint8 sRGB pixels, metadata, and how many pictures it holds."""

    pixels: np.ndarray
    metadata: PictureMetadata
    count: int


def read_image(path: Path, background: Rgb = BLACK) -> np.ndarray:
    """Return an image as (height, width, 3) uint8 sRGB, the first picture of an animation.

    The image is turned as its EXIF tag says, an ICC profile is converted to sRGB, and transparent pixels lie over
    `background`. Raises InputError naming the file when it is missing, empty or not an image, DependencyError when reading
    it takes a package that is not installed.
    """
    with _opened(path) as image:
        return _pixels(path, image, background)


def read_picture(path: Path, background: Rgb = BLACK) -> Picture:
    """Return an image as `read_image` does, with its metadata; raises what that raises."""
    with _opened(path) as image:
        pixels = _pixels(path, image, background)
        return Picture(pixels, metadata_of(image), _count(image))


def picture_size(path: Path) -> tuple[int, int]:
    """Return (width, height) in pixels of an image, not turned; reads its header alone, and raises what `read_image` does."""
    with _opened(path) as image:
        return image.size


def _pixels(path: Path, image: Image.Image, background: Rgb) -> np.ndarray:
    _check_white(path, image)
    return np.array(_flattened(_in_srgb(upright(image)), background))


def pictures_in(path: Path) -> int:
    """Return how many pictures an image file holds, more than one if it is animated; raises what `read_image` does.

    The extra pictures that phones store in a photo for their own use (MPO, HEIC) do not count.
    """
    with _opened(path) as image:
        return _count(image)


def _count(image: Image.Image) -> int:
    return 1 if image.format in ("MPO", "HEIF") else getattr(image, "n_frames", 1)


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """Yield an image; every error that the library raises for it, also inside the block, names the file."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PictureError(f"Cannot read the image {path}: {error.strerror}. Check the path.") from error
    if not content:
        raise PictureError(f"The image {path} is empty (0 bytes). Copy it again.")
    _load_optional_reader(path, content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(BytesIO(content), formats=formats_for(path)) as image:
                yield image
    except VidstyleError:
        raise
    except Image.DecompressionBombError as error:
        raise PictureError(f"{path} has too many pixels: {error}. Remove it or make it smaller.") from error
    except Exception as error:  # for files that are damaged or odd, Pillow raises nearly every kind
        raise PictureError(
            f"{path} is not an image that can be read. Remove it or convert it to PNG or JPEG."
        ) from error


def _load_optional_reader(path: Path, content: bytes) -> None:
    """Raise DependencyError where reading takes a package that is not installed."""
    reader = optional_reader(content[:HEAD_BYTES])
    if reader is not None and not can_load(reader):
        raise DependencyError(
            f"{path} is a {reader.format} picture, which takes the package {reader.package}. "
            f"Install it with pip install 'vidstyle[{reader.extra}]', or convert the picture to PNG or JPEG."
        )


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
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def _check_white(path: Path, image: Image.Image) -> None:
    """Raise InputError for an image of more than 8 bits whose values lie outside black to white."""
    if image.mode not in SIXTEEN_BIT_GREY:
        return
    values, white = np.asarray(image), SIXTEEN_BIT_GREY[image.mode]
    # Written so that NaN is refused too.
    if not (values.min() >= 0 and values.max() <= white):
        raise PictureError(
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


def write_image(path: Path, rgb: np.ndarray, metadata: PictureMetadata = NO_METADATA) -> list[str]:
    """Write (height, width, 3) uint8 RGB as PNG, JPEG, WebP, ... by the suffix, whole or not at all; raises OutputError.

    Returns the names of those parts of `metadata` that could not be kept.
    """
    content, lost = _encode(path, rgb, metadata)
    with whole_file(path) as partial:
        partial.write_bytes(content)
    return lost


def _encode(path: Path, rgb: np.ndarray, metadata: PictureMetadata) -> tuple[bytes, list[str]]:
    suffix = path.suffix.lower()
    if suffix not in WRITTEN_FORMATS:
        raise OutputError(f"Cannot write {path}: {suffix or 'no suffix'} is no image format. Use .png, .jpg or .webp.")
    form, image = WRITTEN_FORMATS[suffix], Image.fromarray(rgb)
    if metadata.present():
        with suppress(Exception):  # some formats write EXIF anew, which fails in many ways on odd tags
            options, lost = options_for(metadata, form, image.size)
            return _saved(image, form, options), lost
    try:
        return _saved(image, form, {}), [*metadata.present(), *metadata.unreadable]
    except (OSError, ValueError, KeyError) as error:
        raise OutputError(f"Cannot write {path}: {error}. Try another format, such as .png.") from error


def _saved(image: Image.Image, form: str, options: dict[str, Any]) -> bytes:
    content = BytesIO()
    image.save(content, form, **WRITE_OPTIONS.get(form, {}), **options)
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
    """Return the pictures of a folder in natural order (2 before 10), without hidden files; raises InputError."""
    return list(pictures_of(folder).files)
