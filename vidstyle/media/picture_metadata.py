"""What a picture file says besides its pixels: EXIF, XMP, IPTC, resolution and texts, and which formats can hold it.

EXIF is kept byte for byte, since writing it anew fails on many tags that cameras and editors wrote wrongly. Only the values
that painting makes untrue are changed in place: orientation, size, colour space, and the pointer to the thumbnail.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo, iTXt

EXIF_PREFIX = b"Exif\0\0"
ORIENTATION, EXIF_IFD, GPS_IFD, TIFF_XMP = 0x0112, 0x8769, 0x8825, 700
COLOUR_SPACE, PIXEL_WIDTH, PIXEL_HEIGHT = 0xA001, 0xA002, 0xA003
SRGB = 1
DESCRIPTIVE_TAGS = (0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x013C, 0x8298)
"""Description, make, model, software, date, artist, computer and copyright: what TIFF keeps among its own tags."""
TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What turns a picture upright, by the EXIF tag of its orientation."""
XMP_TEXT, RAW_PROFILE = "XML:com.adobe.xmp", "Raw profile type "
"""Keys of PNG texts that hold XMP, and EXIF and others as old programs wrote them."""
LARGEST_JPEG_EXIF, LARGEST_JPEG_XMP, LARGEST_DENSITY = 65533 - 6, 65533 - 29, 65535
PHOTOSHOP_HEAD, RESOURCE, IPTC_RESOURCE, TIFF_IPTC = b"Photoshop 3.0\0", b"8BIM", 0x0404, 33723
"""IPTC lies in JPEG among Photoshop's resources, each with a number, a name and a length, and in TIFF in a tag of its own."""
LARGEST_JPEG_IPTC = 65533 - len(PHOTOSHOP_HEAD) - 12
HOLDS = {
    "PNG": frozenset(["EXIF", "XMP", "resolution", "texts", "comment"]),
    "JPEG": frozenset(["EXIF", "XMP", "IPTC", "resolution", "comment"]),
    "TIFF": frozenset(["EXIF", "XMP", "resolution"]),
    "WEBP": frozenset(["EXIF", "XMP"]),
    "AVIF": frozenset(["EXIF", "XMP"]),
    "BMP": frozenset(["resolution"]),
}
"""What the formats of results hold; those that are not named hold none of it."""


@dataclass(frozen=True)
class PictureMetadata:
    """What a picture file says besides its pixels; `exif` begins with the TIFF header, `dpi` is across and down."""

    exif: bytes = b""
    xmp: bytes = b""
    iptc: bytes = b""
    dpi: tuple[float, float] | None = None
    texts: dict[str, str] = field(default_factory=dict)
    comment: bytes = b""
    unreadable: tuple[str, ...] = ()

    def present(self) -> dict[str, Any]:
        """Return by name what there is."""
        parts = {
            "EXIF": self.exif,
            "XMP": self.xmp,
            "IPTC": self.iptc,
            "resolution": self.dpi,
            "texts": self.texts,
            "comment": self.comment,
        }
        return {name: value for name, value in parts.items() if value}


NO_METADATA = PictureMetadata()


def upright(image: Image.Image) -> Image.Image:
    """Return an image turned as its EXIF or XMP says; only that tag is read, so that no other can be in the way."""
    image.load()
    transposition = TRANSPOSITIONS.get(_orientation(image))
    return image if transposition is None else image.transpose(transposition)


def _orientation(image: Image.Image) -> int:
    try:
        value: Any = image.getexif().get(ORIENTATION, 1)
    except Exception:  # Pillow raises many kinds for EXIF that is broken, which then says nothing
        value = _orientation_in_place(_exif_bytes(image))
    if isinstance(value, tuple | bytes) and value:
        value = value[0]
    return value if isinstance(value, int) else 1


def _orientation_in_place(exif: bytes) -> int:
    for entry in _entries(exif, _first_ifd(exif)):
        if entry.tag == ORIENTATION:
            return entry.value
    return 1


def metadata_of(image: Image.Image) -> PictureMetadata:
    """Return what a loaded image says besides its pixels, with what cannot be read of it named."""
    unreadable = []
    exif, iptc = _exif_bytes(image), b""
    if image.format == "TIFF":
        try:
            exif, iptc = _exif_of_tiff(image), _as_bytes(image.getexif().get(TIFF_IPTC))
        except Exception:  # as above: any kind, from any odd tag
            unreadable.append("EXIF")
    return PictureMetadata(
        exif=exif,
        xmp=_xmp(image),
        iptc=iptc or _iptc(image),
        dpi=_resolution(image),
        texts=_texts(image),
        comment=_comment(image),
        unreadable=tuple(unreadable),
    )


def _exif_bytes(image: Image.Image) -> bytes:
    """Return the EXIF from its TIFF header on, empty where there is none."""
    exif = image.info.get("exif")
    if exif is None:
        exif = _raw_profile(image, "exif")
    return exif.removeprefix(EXIF_PREFIX) if isinstance(exif, bytes) else b""


def _raw_profile(image: Image.Image, name: str) -> bytes:
    """Return what old programs wrote into a text of a PNG: an empty line, a name, a length, and bytes as hexadecimal."""
    profile = image.info.get(f"{RAW_PROFILE}{name}")
    digits = "".join(profile.split("\n")[3:]) if isinstance(profile, str) else ""
    return bytes.fromhex(digits) if re.fullmatch(r"([0-9a-fA-F]{2})*", digits) else b""


def _exif_of_tiff(image: Image.Image) -> bytes:
    """Return the descriptive tags of a TIFF file and what cameras add to them as EXIF."""
    source, exif = image.getexif(), Image.Exif()
    for tag in DESCRIPTIVE_TAGS:
        if tag in source:
            exif[tag] = source[tag]
    for number in (EXIF_IFD, GPS_IFD):
        if tags := source.get_ifd(number):
            exif.get_ifd(number).update(tags)
            exif[number] = exif.get_ifd(number)
    return exif.tobytes().removeprefix(EXIF_PREFIX) if len(exif) else b""


def _xmp(image: Image.Image) -> bytes:
    """Return the XMP with its orientation, which holds for the file alone, reset."""
    xmp = image.info.get("xmp") or image.info.get(XMP_TEXT) or b""
    content = xmp.encode() if isinstance(xmp, str) else bytes(xmp)
    return re.sub(rb"""(tiff:Orientation(?:="|='|>))\d""", rb"\g<1>1", content)


def _iptc(image: Image.Image) -> bytes:
    """Return the records of IPTC-IIM as JPEG and PNG keep them, empty where there are none."""
    if image.format == "PNG":
        return _iptc_among(_raw_profile(image, "iptc"))
    resources = image.info.get("photoshop")
    return _as_bytes(resources.get(IPTC_RESOURCE)) if isinstance(resources, dict) else b""


def _as_bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else b""


def _iptc_among(resources: bytes) -> bytes:
    """Return the records in Photoshop's resource of a profile without a name, else the profile as it is."""
    start = resources.find(RESOURCE + struct.pack(">HH", IPTC_RESOURCE, 0))
    if start < 0:
        return b"" if RESOURCE in resources else resources
    (length,) = struct.unpack_from(">I", resources[start + 8 : start + 12].ljust(4, b"\0"))
    return resources[start + 12 : start + 12 + length]


def _photoshop_segment(iptc: bytes) -> bytes:
    """Return the segment of a JPEG file that holds IPTC."""
    resource = RESOURCE + struct.pack(">HHI", IPTC_RESOURCE, 0, len(iptc)) + iptc + bytes(len(iptc) % 2)
    content = PHOTOSHOP_HEAD + resource
    return b"\xff\xed" + struct.pack(">H", 2 + len(content)) + content


def _resolution(image: Image.Image) -> tuple[float, float] | None:
    """Return the dots per inch that a picture states, None for none or values that mean nothing."""
    try:
        across, down = (float(value) for value in image.info["dpi"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    sensible = all(isfinite(value) and 1 <= value <= LARGEST_DENSITY for value in (across, down))
    return (across, down) if sensible else None


def _texts(image: Image.Image) -> dict[str, str]:
    texts = getattr(image, "text", None)
    if image.format != "PNG" or not isinstance(texts, dict):
        return {}
    return {key: text for key, text in texts.items() if key != XMP_TEXT and not key.startswith(RAW_PROFILE)}


def _comment(image: Image.Image) -> bytes:
    comment = image.info.get("comment")
    # In other formats it is the name of the encoder.
    return comment if isinstance(comment, bytes) and image.format in ("JPEG", "MPO", "GIF") else b""


def options_for(metadata: PictureMetadata, form: str, size: tuple[int, int]) -> tuple[dict[str, Any], list[str]]:
    """Return Pillow's options that write the metadata of a picture of `size`, and the names of what the format cannot hold.

    Raises what Pillow raises for odd tags where a format takes EXIF only tag by tag.
    """
    present, holds = metadata.present(), HOLDS.get(form, frozenset())
    if form == "JPEG":
        holds -= {"EXIF"} if len(metadata.exif) > LARGEST_JPEG_EXIF else set()
        holds -= {"XMP"} if len(metadata.xmp) > LARGEST_JPEG_XMP else set()
        holds -= {"IPTC"} if len(metadata.iptc) > LARGEST_JPEG_IPTC else set()
    kept = {name: value for name, value in present.items() if name in holds}
    options: dict[str, Any] = {}
    if "EXIF" in kept:
        options["exif"] = EXIF_PREFIX + as_painted(metadata.exif, size)
    if "XMP" in kept and form == "TIFF":
        options["exif"] = tags = Image.Exif()
        tags.load(EXIF_PREFIX + as_painted(metadata.exif, size) if metadata.exif else b"")
        tags[TIFF_XMP] = metadata.xmp
    elif "XMP" in kept and form != "PNG":
        options["xmp"] = metadata.xmp
    if "IPTC" in kept:
        options["extra"] = _photoshop_segment(metadata.iptc)
    if "resolution" in kept:
        options["dpi"] = metadata.dpi
    if "comment" in kept and form == "JPEG":
        options["comment"] = metadata.comment
    if form == "PNG":
        options["pnginfo"] = _png_texts(metadata)
    return options, [*(name for name in present if name not in kept), *metadata.unreadable]


def _png_texts(metadata: PictureMetadata) -> PngInfo:
    info = PngInfo()
    for key, text in metadata.texts.items():
        if isinstance(text, iTXt):
            info.add_itxt(key, text, text.lang or "", text.tkey or "")
        else:
            info.add_text(key, text)
    if metadata.comment:
        info.add_text("Comment", metadata.comment.decode("utf-8", "replace"))
    if metadata.xmp:
        info.add_itxt(XMP_TEXT, metadata.xmp.decode("utf-8", "replace"))
    return info


@dataclass(frozen=True)
class _Entry:
    """One entry of a directory of EXIF: its tag, type and first value, and where in the bytes that value stands."""

    tag: int
    type: int
    value: int
    at: int


def as_painted(exif: bytes, size: tuple[int, int]) -> bytes:
    """Return EXIF that is true of an upright sRGB painting of `size`, its other bytes as they were."""
    content = bytearray(exif)
    order = _byte_order(exif)
    first = _first_ifd(exif)
    width, height = size
    true_values = {ORIENTATION: 1, COLOUR_SPACE: SRGB, PIXEL_WIDTH: width, PIXEL_HEIGHT: height}
    directories = [first, *(entry.value for entry in _entries(exif, first) if entry.tag == EXIF_IFD)]
    for entry in (entry for start in directories for entry in _entries(exif, start)):
        if entry.tag in true_values and entry.type in _INTEGERS:
            code, largest = _INTEGERS[entry.type]
            struct.pack_into(f"{order}{code}", content, entry.at, min(true_values[entry.tag], largest))
    if first is not None:
        # The directory after the first one describes the thumbnail, which shows the picture before it was painted.
        end = first + 2 + 12 * struct.unpack_from(f"{order}H", exif, first)[0]
        if end + 4 <= len(content):
            struct.pack_into(f"{order}I", content, end, 0)
    return bytes(content)


_INTEGERS = {1: ("B", 2**8 - 1), 3: ("H", 2**16 - 1), 4: ("I", 2**32 - 1), 9: ("i", 2**31 - 1)}
"""EXIF's types of whole numbers: struct's code, and the largest value."""


def _byte_order(exif: bytes) -> str:
    return ">" if exif[:2] == b"MM" else "<"


def _first_ifd(exif: bytes) -> int | None:
    """Return where the first directory begins, None where there is none."""
    if exif[:4] not in (b"II*\0", b"MM\0*") or len(exif) < 10:
        return None
    start = struct.unpack_from(f"{_byte_order(exif)}I", exif, 4)[0]
    return start if start + 2 <= len(exif) else None


def _entries(exif: bytes, start: int | None) -> Iterator[_Entry]:
    """Yield the entries of the directory at `start` whose value stands in them; none where that lies outside."""
    if start is None or start + 2 > len(exif):
        return
    order = _byte_order(exif)
    (count,) = struct.unpack_from(f"{order}H", exif, start)
    for at in range(start + 2, min(start + 2 + 12 * count, len(exif) - 11), 12):
        tag, kind, values = struct.unpack_from(f"{order}HHI", exif, at)
        code = _INTEGERS.get(kind, ("I", 0))[0]
        if values * struct.calcsize(code) <= 4:
            yield _Entry(tag, kind, struct.unpack_from(f"{order}{code}", exif, at + 8)[0], at + 8)
