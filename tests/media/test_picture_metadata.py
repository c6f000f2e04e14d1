"""What a picture says besides its pixels is kept where the result can hold it; odd tags are in nobody's way."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.odd_exif import ODD_TAGS, TURNED, Entry, exif_of, odd_exif_photo
from vidstyle.media.images import Picture, read_image, read_picture, write_image
from vidstyle.media.picture_metadata import metadata_of

WIDE = np.repeat(np.repeat(np.arange(12, dtype=np.uint8).reshape(3, 4, 1) * 20, 16, 0), 16, 1).repeat(3, 2)
"""48 pixels high and 64 wide."""
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6" dc:title="Sea"/></x:xmpmeta>'


@pytest.mark.parametrize("tag", ODD_TAGS)
def test_an_odd_tag_is_no_hindrance_to_the_orientation(tmp_path: Path, tag: str) -> None:
    upright = read_image(odd_exif_photo(tmp_path / "a.jpg", WIDE, tag))
    assert upright.shape == (64, 48, 3)
    assert np.abs(upright.astype(int) - np.rot90(WIDE, -1)).mean() < 4


@pytest.mark.parametrize(
    "turned",
    [
        (0x0112, 4, 1, struct.pack("<I", 6)),
        (0x0112, 1, 1, b"\6"),
        (0x0112, 3, 2, struct.pack("<HH", 6, 6)),
    ],
)
def test_an_orientation_of_another_type_counts(tmp_path: Path, turned: Entry) -> None:
    assert read_image(odd_exif_photo(tmp_path / "a.jpg", WIDE, turned=turned)).shape == (64, 48, 3)


@pytest.mark.parametrize("value", range(10))
def test_all_orientations_are_those_of_the_standard(tmp_path: Path, value: int) -> None:
    turned = (0x0112, 3, 1, struct.pack("<H", value))
    seen = read_image(odd_exif_photo(tmp_path / "a.jpg", WIDE, turned=turned)).astype(int)
    expected = {
        2: WIDE[:, ::-1],
        3: WIDE[::-1, ::-1],
        4: WIDE[::-1],
        5: WIDE.transpose(1, 0, 2),
        6: np.rot90(WIDE, -1),
        7: WIDE[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(WIDE),
    }.get(value, WIDE)
    assert seen.shape == expected.shape and np.abs(seen - expected).mean() < 4


def phone_photo(path: Path) -> Path:
    """Write a photo with date, place, size and orientation in EXIF, XMP, a resolution, and a thumbnail."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0132], exif[0x0112] = "Maker", "2024:05:06 07:08:09", 6
    exif.get_ifd(0x8769).update({0x9003: "2024:05:06 07:08:09", 0xA001: 65535, 0xA002: 64, 0xA003: 48})
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 8.0, 15.0)})
    options = {} if path.suffix in (".webp", ".avif") else {"dpi": (300, 300)}
    if path.suffix != ".png":
        options["xmp"] = XMP
    Image.fromarray(WIDE).save(path, exif=exif.tobytes(), **options)
    return path


def painted(source: Path, target: Path) -> tuple[Picture, list[str]]:
    picture = read_picture(source)
    lost = write_image(target, np.repeat(np.repeat(picture.pixels, 2, 0), 2, 1), picture.metadata)
    return read_picture(target), lost


@pytest.mark.parametrize("source", [".jpg", ".png", ".webp", ".avif"])
@pytest.mark.parametrize("target", [".jpg", ".jfif", ".png", ".webp", ".tif", ".avif"])
def test_exif_is_kept_and_true_of_the_result(tmp_path: Path, source: str, target: str) -> None:
    result, lost = painted(phone_photo(tmp_path / f"a{source}"), tmp_path / f"b{target}")
    assert result.pixels.shape == (128, 96, 3)
    assert set(lost) <= {"resolution"}
    with Image.open(tmp_path / f"b{target}") as image:
        image.load()
        exif = image.getexif()
        assert exif.get(0x0112, 1) == 1
        assert exif[0x010F] == "Maker" and exif[0x0132] == "2024:05:06 07:08:09"
        camera = exif.get_ifd(0x8769)
        assert camera[0x9003] == "2024:05:06 07:08:09"
        assert (camera[0xA001], camera[0xA002], camera[0xA003]) == (1, 96, 128)
        assert exif.get_ifd(0x8825)[2] == (48.0, 8.0, 15.0)
        if source in (".jpg", ".webp"):
            xmp = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp").encode()
            assert b'dc:title="Sea"' in xmp and b'tiff:Orientation="1"' in xmp
        if source in (".jpg", ".png") and target in (".jpg", ".jfif", ".png", ".tif"):
            assert np.allclose(image.info["dpi"], 300, atol=0.1)


def test_exif_of_tiff_is_kept(tmp_path: Path) -> None:
    phone_photo(tmp_path / "a.tif")
    painted(tmp_path / "a.tif", tmp_path / "b.jpg")
    with Image.open(tmp_path / "b.jpg") as image:
        assert image.getexif()[0x010F] == "Maker"
        assert image.getexif().get_ifd(0x8825)[2] == (48.0, 8.0, 15.0)


def test_odd_tags_are_kept_byte_for_byte(tmp_path: Path) -> None:
    odd_exif_photo(tmp_path / "a.jpg", WIDE)
    painted(tmp_path / "a.jpg", tmp_path / "b.jpg")
    with Image.open(tmp_path / "b.jpg") as image:
        upright = (*TURNED[:3], struct.pack("<H", 1))
        assert image.info["exif"] == exif_of(upright, ODD_TAGS["resolution as text"])


def test_the_thumbnail_of_the_photo_is_not_shown_for_the_painting(tmp_path: Path) -> None:
    exif = bytearray(exif_of(TURNED))
    end = 6 + 8 + 2 + 12
    exif[end : end + 4] = struct.pack("<I", len(exif) - 6)
    exif += struct.pack("<HHHII", 1, 0x0103, 3, 1, 6) + bytes(4)
    Image.fromarray(WIDE).save(tmp_path / "a.jpg", exif=bytes(exif))
    painted(tmp_path / "a.jpg", tmp_path / "b.jpg")
    with Image.open(tmp_path / "b.jpg") as image:
        assert image.info["exif"][end : end + 4] == bytes(4)


def test_texts_of_png_are_kept_in_png_and_said_to_be_lost_elsewhere(tmp_path: Path) -> None:
    texts = PngInfo()
    texts.add_text("parameters", "a cat, steps: 20")
    texts.add_itxt("Title", "海", "ja", "題")
    Image.fromarray(WIDE).save(tmp_path / "a.png", pnginfo=texts)
    _, lost = painted(tmp_path / "a.png", tmp_path / "b.png")
    with Image.open(tmp_path / "b.png") as image:
        assert lost == [] and image.text == {"parameters": "a cat, steps: 20", "Title": "海"}
    assert painted(tmp_path / "a.png", tmp_path / "b.jpg")[1] == ["texts"]
    Image.fromarray(WIDE).save(tmp_path / "c.jpg", comment="by hand")
    assert painted(tmp_path / "c.jpg", tmp_path / "d.jpg")[0].metadata.comment == b"by hand"
    assert painted(tmp_path / "c.jpg", tmp_path / "d.png")[0].metadata.texts == {"Comment": "by hand"}
    phone_photo(tmp_path / "a.jpg")
    assert painted(tmp_path / "a.jpg", tmp_path / "b.bmp")[1] == ["EXIF", "XMP"]
    assert painted(tmp_path / "a.jpg", tmp_path / "b.ppm")[1] == ["EXIF", "XMP", "resolution"]


def chunks(content: bytes) -> dict[bytes, bytes]:
    found, at = {}, 8
    while at < len(content):
        length, name = struct.unpack(">I4s", content[at : at + 8])
        found[name] = content[at + 8 : at + 8 + length]
        at += 12 + length
    return found


@pytest.mark.parametrize("dpi", [None, (300, 300), (0, 1), (-5, 5), (float("nan"), 1), (1e9, 1e9)])
def test_a_png_states_a_resolution_that_means_something_or_none(
    tmp_path: Path, dpi: tuple[float, float] | None
) -> None:
    write_image(tmp_path / "a.png", WIDE)
    picture = read_picture(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        image.load()
        if dpi is not None:
            image.info["dpi"] = dpi
        write_image(tmp_path / "b.png", picture.pixels, metadata_of(image))
    stated = chunks((tmp_path / "b.png").read_bytes()).get(b"pHYs")
    assert stated == (struct.pack(">IIB", 11811, 11811, 1) if dpi == (300, 300) else None)


IPTC = b"\x1c\x02\x05\x00\x05Coast"
"""IPTC-IIM: a title."""


def photo_with_iptc(path: Path, form: str) -> Path:
    resources = b"8BIM" + struct.pack(">HHI", 0x0404, 0, len(IPTC)) + IPTC
    options: dict[str, Any] = {}
    if form == "JPEG":
        content = b"Photoshop 3.0\0" + resources
        options["extra"] = b"\xff\xed" + struct.pack(">H", 2 + len(content)) + content
    elif form == "PNG":
        options["pnginfo"] = info = PngInfo()
        info.add_text("Raw profile type iptc", f"\niptc\n{len(resources):8}\n{resources.hex()}\n", zip=True)
    else:
        options["tiffinfo"] = {33723: IPTC}
    Image.fromarray(WIDE).save(path, form, **options)
    return path


@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF"])
def test_iptc_is_kept_in_jpeg_and_named_elsewhere(tmp_path: Path, form: str) -> None:
    picture = read_picture(photo_with_iptc(tmp_path / "a", form))
    assert picture.metadata.iptc == IPTC
    assert write_image(tmp_path / "b.jpg", WIDE, picture.metadata) == []
    assert read_picture(tmp_path / "b.jpg").metadata.iptc == IPTC
    for name in ("b.png", "b.webp", "b.tif", "b.bmp"):
        assert "IPTC" in write_image(tmp_path / name, WIDE, picture.metadata), name
