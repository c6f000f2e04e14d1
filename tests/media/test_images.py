"""Image files are read as they are meant to be seen, and written whole or not at all."""

import struct
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from vidstyle.errors import InputError, OutputError
from vidstyle.media.images import list_images, pictures_in, read_image, write_image


@pytest.fixture
def picture() -> np.ndarray:
    rgb = np.zeros((24, 32, 3), np.uint8)
    rgb[:12, :16] = (250, 40, 20)
    rgb[12:, 16:] = (10, 60, 240)
    return rgb


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".jpg", ".jpeg", ".webp", ".PNG"])
def test_what_is_written_is_read_again(tmp_path: Path, picture: np.ndarray, suffix: str) -> None:
    path = tmp_path / "sub folder" / f"bild ü{suffix}"
    write_image(path, picture)
    again = read_image(path)
    lossless = suffix.lower() in (".png", ".bmp", ".tif")
    assert again.shape == picture.shape
    assert np.abs(again.astype(int) - picture).mean() <= (0 if lossless else 4)
    assert [written.name for written in path.parent.iterdir()] == [path.name]


FLAT = (200, 100, 50)
TRANSPARENT = np.dstack(
    [np.full((4, 4, 3), FLAT, np.uint8), np.repeat([[0], [255]], 2, 0).repeat(4, 1).astype(np.uint8)]
)
"""Nothing above, a flat colour below."""


def saved(path: Path, image: Image.Image, **options: Any) -> Path:
    image.save(path, **options)
    return path


def test_images_of_every_kind_become_plain_rgb(tmp_path: Path) -> None:
    flat = Image.new("RGB", (4, 4), FLAT)
    deep = Image.fromarray(np.full((4, 4), 0x8080, np.uint16))
    kinds = {
        "grey.png": (Image.new("L", (4, 4), 77), (77, 77, 77)),
        "two.png": (Image.new("1", (4, 4), 1), (255, 255, 255)),
        "deep.png": (deep, (128, 128, 128)),
        "deep.tif": (deep, (128, 128, 128)),
        "whole.tif": (Image.fromarray(np.full((4, 4), 0x8080, np.int32)), (128, 128, 128)),
        "float.tif": (Image.fromarray(np.full((4, 4), 0.5, np.float32)), (128, 128, 128)),
        "palette.png": (flat.quantize(4), FLAT),
        "palette.bmp": (flat.quantize(4), FLAT),
        "opaque.webp": (flat, FLAT),
        "print.jpg": (flat.convert("CMYK"), FLAT),
    }
    for name, (image, colour) in kinds.items():
        options = {"lossless": True} if name.endswith(".webp") else {}
        picture = read_image(saved(tmp_path / name, image, **options))
        assert picture.shape == (4, 4, 3), name
        assert np.abs(picture.astype(int) - colour).max() <= 2, name


@pytest.mark.parametrize(
    ("values", "kind", "stated"),
    [
        ((0, 255), np.float32, "0 to 255, where 0 to 1"),
        ((-0.5, 1), np.float32, "-0.5 to 1, where 0 to 1"),
        ((0, np.nan), np.float32, "nan to nan, where 0 to 1"),
        ((0, 70000), np.int32, "0 to 70000, where 0 to 65535"),
    ],
)
def test_a_deep_image_whose_white_is_not_known_is_refused(
    tmp_path: Path, values: tuple[float, float], kind: type, stated: str
) -> None:
    path = saved(tmp_path / "deep.tif", Image.fromarray(np.array([values] * 2, kind)))
    with pytest.raises(InputError) as caught:
        read_image(path)
    assert str(caught.value) == (
        f"{path} has values from {stated} would be black to white. Convert it to 8 or 16 bits."
    )


def test_sixteen_bit_colour_is_read(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "deep.png"), np.full((4, 4, 3), 0x8080, np.uint16))
    assert (read_image(tmp_path / "deep.png") == 0x80).all()


@pytest.mark.parametrize("background", [(0, 0, 0), (255, 255, 255), (10, 120, 230)])
@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA", "P"])
def test_transparent_images_lie_over_the_background(
    tmp_path: Path, mode: str, background: tuple[int, int, int]
) -> None:
    image = Image.fromarray(TRANSPARENT)
    image = image.quantize(4) if mode == "P" else image.convert(mode)
    suffix = ".tif" if mode == "PA" else ".png"
    picture = read_image(saved(tmp_path / f"a{suffix}", image), background)
    colour = (124,) * 3 if mode == "LA" else FLAT
    assert np.abs(picture[:2].astype(int) - background).max() <= 1
    assert np.abs(picture[2:].astype(int) - colour).max() <= 1


def swapped_profile() -> bytes:
    """Return an ICC profile whose red is sRGB's blue and whose blue is its red."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile = profile.replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be"))
    return profile.replace(b"rXYZ", b"tmp1").replace(b"bXYZ", b"rXYZ").replace(b"tmp1", b"bXYZ")


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_an_icc_profile_is_converted_to_srgb(tmp_path: Path, mode: str) -> None:
    image = Image.new("RGB", (4, 4), FLAT)
    image = image.quantize(4) if mode == "P" else image.convert(mode)
    path = saved(tmp_path / "a.png", image, icc_profile=swapped_profile())
    assert np.abs(read_image(path).astype(int) - FLAT[::-1]).max() <= 2


def test_a_profile_that_is_srgb_or_broken_changes_nothing(tmp_path: Path) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for profile in (srgb, b"no profile"):
        path = saved(tmp_path / "a.png", Image.new("RGB", (4, 4), FLAT), icc_profile=profile)
        assert (read_image(path) == FLAT).all()


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
def test_the_first_picture_of_several_is_read_and_they_are_counted(tmp_path: Path, suffix: str) -> None:
    first, second = (Image.new("RGB", (4, 4), colour) for colour in (FLAT, (0, 0, 0)))
    lossless = {"lossless": True} if suffix == ".webp" else {}
    path = saved(tmp_path / f"a{suffix}", first, save_all=True, append_images=[second], **lossless)
    assert (read_image(path) == FLAT).all()
    assert pictures_in(path) == 2
    assert pictures_in(saved(tmp_path / f"b{suffix}", first)) == 1


def test_a_phones_photo_with_its_depth_behind_it_is_one_picture(tmp_path: Path) -> None:
    photo = Image.new("RGB", (16, 16), FLAT)
    photo.save(tmp_path / "a.jpg", format="MPO", save_all=True, append_images=[Image.new("RGB", (8, 8))])
    assert pictures_in(tmp_path / "a.jpg") == 1
    assert np.abs(read_image(tmp_path / "a.jpg").astype(int) - FLAT).max() <= 3


def test_a_photo_is_turned_as_its_exif_tag_says(tmp_path: Path, picture: np.ndarray) -> None:
    path = tmp_path / "phone.jpg"
    write_image(path, picture)
    content = path.read_bytes()
    tags = b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, 6, 0, 0)
    segment = b"Exif\0\0" + tags
    path.write_bytes(content[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + content[2:])
    upright = read_image(path)
    assert upright.shape == (32, 24, 3)
    assert np.abs(upright.astype(int) - np.rot90(picture, -1)).mean() < 4


def test_unreadable_images_are_named_with_the_cause(tmp_path: Path) -> None:
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.png").write_text("no image")
    write_image(tmp_path / "half.jpg", np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8))
    (tmp_path / "half.jpg").write_bytes((tmp_path / "half.jpg").read_bytes()[:3000])
    told = {
        "none.png": f"Cannot read the image {tmp_path / 'none.png'}: No such file or directory. Check the path.",
        "empty.png": f"The image {tmp_path / 'empty.png'} is empty (0 bytes). Copy it again.",
        "text.png": (
            f"{tmp_path / 'text.png'} is not an image that can be read. Remove it or convert it to PNG or JPEG."
        ),
        "half.jpg": (
            f"{tmp_path / 'half.jpg'} is not an image that can be read. Remove it or convert it to PNG or JPEG."
        ),
    }
    for name, message in told.items():
        with pytest.raises(InputError) as caught:
            read_image(tmp_path / name)
        assert str(caught.value) == message


def test_an_unknown_suffix_is_refused_and_nothing_is_left(tmp_path: Path, picture: np.ndarray) -> None:
    with pytest.raises(OutputError, match=r"\.xyz is no image format\. Use \.png, \.jpg or \.webp\."):
        write_image(tmp_path / "picture.xyz", picture)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_listed_in_natural_order_without_hidden_files(tmp_path: Path, picture: np.ndarray) -> None:
    for name in ("a10.png", "a2.png", "b1.jpg", ".hidden.png", "A1.png"):
        write_image(tmp_path / name, picture)
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "folder.png").mkdir()
    assert [path.name for path in list_images(tmp_path)] == ["A1.png", "a2.png", "a10.png", "b1.jpg"]
    with pytest.raises(InputError, match="Cannot list the folder"):
        list_images(tmp_path / "none")
