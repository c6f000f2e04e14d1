"""Image files are read as they are meant to be seen, and written whole or not at all."""

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest

from vidstyle.errors import InputError, OutputError
from vidstyle.media.images import list_images, read_image, write_image


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
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_grey_deep_and_transparent_images_become_plain_rgb(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((4, 4), 77, np.uint8))
    cv2.imwrite(str(tmp_path / "deep.png"), np.full((4, 4, 3), 0x8080, np.uint16))
    transparent = np.full((4, 4, 4), 200, np.uint8)
    transparent[:2, :, 3] = 0
    transparent[2:, :, 3] = 255
    cv2.imwrite(str(tmp_path / "alpha.png"), transparent)
    assert (read_image(tmp_path / "grey.png") == 77).all()
    assert (read_image(tmp_path / "deep.png") == 0x80).all()
    assert (read_image(tmp_path / "alpha.png")[:2] == 0).all()
    assert (read_image(tmp_path / "alpha.png")[2:] == 200).all()


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
    told = {
        "none.png": f"Cannot read the image {tmp_path / 'none.png'}: No such file or directory. Check the path.",
        "empty.png": f"The image {tmp_path / 'empty.png'} is empty (0 bytes). Copy it again.",
        "text.png": (
            f"{tmp_path / 'text.png'} is not an image that can be read. Remove it or convert it to PNG or JPEG."
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
