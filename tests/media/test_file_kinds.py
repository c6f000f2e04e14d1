"""What a file is, is found by looking into it."""

import shutil
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from tests.clips import make_audio_only, make_clip
from vidstyle.errors import DependencyError, InputError
from vidstyle.media.file_kinds.kinds import Kind, kind_of, look_into, videos_of
from vidstyle.media.file_kinds.picture_formats import HEIC, JPEG_XL, can_load, pictures_of
from vidstyle.media.images import read_image

COLOUR = (200, 100, 50)
FORMATS = {
    **{"a.jfif": "JPEG", "a.jpe": "JPEG", "a.jpg": "JPEG", "a.avif": "AVIF", "a.gif": "GIF", "a.tga": "TGA"},
    **{"a.jp2": "JPEG2000", "a.ppm": "PPM", "a.png": "PNG", "a.webp": "WEBP", "a.bmp": "BMP", "a.tiff": "TIFF"},
    **{"a.ico": "ICO", "a.pcx": "PCX", "a.qoi": "QOI", "a.sgi": "SGI", "a.dds": "DDS", "a.dib": "DIB"},
    **{"no suffix": "PNG", "of another suffix.dat": "JPEG", "named a video.mp4": "JPEG"},
}
HEIC_HEAD = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(80)
JPEG_XL_HEAD = b"\xff\x0a" + bytes(80)


def picture_file(path: Path, form: str = "PNG") -> Path:
    Image.new("RGB", (32, 32), COLOUR).save(path, form)
    return path


def animation(path: Path, form: str) -> Path:
    frames = [Image.new("RGB", (32, 32), (80 * number, 0, 0)) for number in range(3)]
    frames[0].save(path, form, save_all=True, append_images=frames[1:], duration=200)
    return path


def raw_video(path: Path, form: str, codec: str) -> Path:
    with av.open(str(path), "w", format=form) as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for number in range(5):
            pixels = np.full((48, 64, 3), 40 * number, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("name", FORMATS)
def test_a_picture_is_one_whatever_its_format_and_name(tmp_path: Path, name: str) -> None:
    path = picture_file(tmp_path / name, FORMATS[name])
    assert kind_of(path) is Kind.PICTURE
    assert np.abs(read_image(path).astype(int) - COLOUR).max() <= 10


@pytest.mark.parametrize(
    ("name", "form", "codec"),
    [
        ("a.m2v", "mpeg2video", "mpeg2video"),
        ("a.y4m", "yuv4mpegpipe", "rawvideo"),
        ("a.m2t", "mpegts", "mpeg2video"),
        ("a.tod", "mpegts", "mpeg2video"),
        ("a.f4v", "mp4", "mpeg4"),
        ("a.qt", "mov", "mpeg4"),
        ("a.ivf", "ivf", "libvpx-vp9"),
        ("a.264", "h264", "libx264"),
        ("a.mjpeg", "mjpeg", "mjpeg"),
        ("a.MJPG", "mjpeg", "mjpeg"),
        ("no suffix", "matroska", "libx264"),
        ("named a picture.jpg", "mp4", "libx264"),
    ],
)
def test_a_video_is_one_whatever_its_format_and_name(tmp_path: Path, name: str, form: str, codec: str) -> None:
    assert kind_of(raw_video(tmp_path / name, form, codec)) is Kind.VIDEO


def test_animations_play(tmp_path: Path) -> None:
    assert kind_of(animation(tmp_path / "a.gif", "GIF")) is Kind.ANIMATION
    assert kind_of(animation(tmp_path / "a.png", "PNG")) is Kind.ANIMATION
    assert kind_of(animation(tmp_path / "a.webp", "WEBP")) is Kind.PICTURE


def test_other_files_are_neither(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("A line of text.\n" * 40)
    (tmp_path / "table.csv").write_text("a,b\n1,2\n")
    (tmp_path / "lines.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nHello\n")
    (tmp_path / "noise").write_bytes(np.random.default_rng(0).bytes(20_000))
    make_audio_only(tmp_path / "song.m4a")
    picture_file(tmp_path / "raw.dng", "TIFF")
    assert {path.name for path in tmp_path.iterdir() if kind_of(path) is not Kind.NEITHER} == set()


def test_a_folder_names_what_it_passes_over(tmp_path: Path) -> None:
    for name, form in FORMATS.items():
        picture_file(tmp_path / name, form)
    clip = make_clip(tmp_path / "film.mkv", frames=3)
    shutil.copy(clip, tmp_path / "film.part")
    (tmp_path / "notes.txt").write_text("text")
    (tmp_path / "nothing").touch()
    (tmp_path / "manifest.json").write_text("{}")
    (tmp_path / ".hidden.png").write_text("text")
    (tmp_path / "sub").mkdir()
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "not there.jpg")
    picture_file(tmp_path / "raw.nef", "TIFF")
    content = look_into(tmp_path)
    assert {path.name for path in content.files} == {*FORMATS, "film.mkv", "film.part"}
    others = "gone.jpg (a broken link), notes.txt, nothing, raw.nef (a raw photo), sub (a folder)"
    assert content.warnings == [f"{tmp_path}: passed over {others}."]
    assert [path.name for path in videos_of(tmp_path).files] == ["film.mkv", "film.part"]
    assert {path.name for path in pictures_of(tmp_path).files} == {*FORMATS}


def test_a_folder_of_pictures_is_not_looked_into_where_suffixes_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        (tmp_path / f"{number}.jpg").write_bytes(b"not looked at")
    monkeypatch.setattr(Image, "open", lambda *_, **__: pytest.fail("a picture was opened"))
    assert len(pictures_of(tmp_path).files) == 5


@pytest.mark.parametrize(("reader", "head"), [(HEIC, HEIC_HEAD), (JPEG_XL, JPEG_XL_HEAD)])
def test_a_format_that_takes_a_package_is_a_picture_and_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: object, head: bytes
) -> None:
    assert reader in (HEIC, JPEG_XL)
    optional = HEIC if reader is HEIC else JPEG_XL
    path = tmp_path / "IMG_1.bin"
    path.write_bytes(head)
    monkeypatch.setitem(sys.modules, optional.module, None)
    can_load.cache_clear()
    assert kind_of(path) is Kind.PICTURE
    with pytest.raises(DependencyError) as caught:
        read_image(path)
    assert str(caught.value) == (
        f"{path} is a {optional.format} picture, which takes the package {optional.package}. "
        f"Install it with pip install 'vidstyle[{optional.extra}]', or convert the picture to PNG or JPEG."
    )
    can_load.cache_clear()


def test_a_heic_photo_is_read_where_its_package_is_installed(tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif")
    heif.from_pillow(Image.new("RGB", (64, 64), COLOUR)).save(tmp_path / "a.heic", quality=95)
    assert kind_of(tmp_path / "a.heic") is Kind.PICTURE
    assert np.abs(read_image(tmp_path / "a.heic").astype(int) - COLOUR).max() <= 6


@pytest.mark.parametrize(
    "error", [TypeError, AttributeError, RuntimeError, OverflowError, MemoryError, Image.DecompressionBombError]
)
def test_every_error_of_the_library_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    path = picture_file(tmp_path / "a.png")

    def fail(*_: object) -> None:
        raise error("odd")

    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load_prepare", fail)
    with pytest.raises(InputError, match=r"a\.png (is not an image that can be read|has too many pixels)"):
        read_image(path)
