"""Image files and folders of them, as (height, width, 3) uint8 RGB arrays."""

import re
from pathlib import Path

import numpy as np

from vidstyle.atomic import whole_file
from vidstyle.errors import InputError, OutputError

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
LOSSY_QUALITY = 95


def read_image(path: Path) -> np.ndarray:
    """Return an image as (height, width, 3) uint8 RGB, turned as its EXIF tag says, transparency laid over black.

    Raises InputError naming the file when it is missing, empty or not an image.
    """
    try:
        content = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise InputError(f"Cannot read the image {path}: {error.strerror}. Check the path.") from error
    if content.size == 0:
        raise InputError(f"The image {path} is empty (0 bytes). Copy it again.")
    return _decode(content, path)


def _decode(content: np.ndarray, path: Path) -> np.ndarray:
    import cv2

    try:
        image = cv2.imdecode(content, cv2.IMREAD_UNCHANGED)
        if image is not None and not _has_alpha(image):
            image = cv2.imdecode(content, cv2.IMREAD_COLOR)
    except cv2.error:
        image = None
    if image is None:
        raise InputError(f"{path} is not an image that can be read. Remove it or convert it to PNG or JPEG.")
    return cv2.cvtColor(_over_black(image) if _has_alpha(image) else image, cv2.COLOR_BGR2RGB)


def _has_alpha(image: np.ndarray) -> bool:
    return image.ndim == 3 and image.shape[2] == 4


def _over_black(image: np.ndarray) -> np.ndarray:
    top = np.iinfo(image.dtype).max
    unit = image.astype(np.float32) / top
    return np.rint(unit[..., :3] * unit[..., 3:] * 255).astype(np.uint8)


def write_image(path: Path, rgb: np.ndarray) -> None:
    """Write (height, width, 3) uint8 RGB as PNG, JPEG, WebP, ... by the suffix, whole or not at all; raises OutputError."""
    content = _encode(path, rgb)
    with whole_file(path) as partial:
        partial.write_bytes(content)


def _encode(path: Path, rgb: np.ndarray) -> bytes:
    import cv2

    suffix = path.suffix.lower()
    if suffix not in IMAGE_SUFFIXES:
        raise OutputError(f"Cannot write {path}: {suffix or 'no suffix'} is no image format. Use .png, .jpg or .webp.")
    jpeg = [cv2.IMWRITE_JPEG_QUALITY, LOSSY_QUALITY]
    jpeg += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    quality = {".jpg": jpeg, ".jpeg": jpeg, ".webp": [cv2.IMWRITE_WEBP_QUALITY, LOSSY_QUALITY]}
    try:
        done, content = cv2.imencode(suffix, cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), quality.get(suffix, []))
    except cv2.error as error:
        raise OutputError(f"Cannot write {path}: {error.err}. Try another format, such as .png.") from error
    if not done:
        raise OutputError(f"Cannot write {path}: the picture does not fit the format. Try .png.")
    return content.tobytes()


def list_images(folder: Path) -> list[Path]:
    """Return the image files of a folder in natural order (2 before 10), hidden files left out; raises InputError."""
    try:
        found = [one for one in folder.iterdir() if one.suffix.lower() in IMAGE_SUFFIXES and one.is_file()]
    except OSError as error:
        raise InputError(f"Cannot list the folder {folder}: {error.strerror}. Check the path.") from error
    return sorted((one for one in found if not one.name.startswith(".")), key=natural_order)


def natural_order(path: Path) -> list[tuple[int, int, str]]:
    """Return a sort key under which numbers in a name count as numbers."""
    parts = re.split(r"(\d+)", path.name.lower())
    return [(1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts]
