"""Pictures and videos of every kind are painted, what is neither is named, and odd files are in nobody's way."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.clips import make_clip
from tests.odd_exif import odd_exif_photo
from vidstyle.errors import ExitCode, OutputError
from vidstyle.media.images import read_image
from vidstyle.render.jobs import plan_jobs
from vidstyle.render.settings import RenderSettings
from vidstyle.render.stage import run

Fast = Callable[..., RenderSettings]
WIDE = np.random.default_rng(0).integers(0, 255, (48, 64, 3)).astype(np.uint8)
KINDS = {
    ".jfif": "JPEG",
    ".avif": "AVIF",
    ".gif": "GIF",
    ".tga": "TGA",
    ".jp2": "JPEG2000",
    ".ppm": "PPM",
    ".png": "PNG",
}


def test_a_folder_of_every_kind_is_painted_and_the_rest_is_named(fast: Fast, tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for suffix, form in KINDS.items():
        Image.fromarray(WIDE).save(folder / f"photo{suffix}", form)
    make_clip(folder / "film.mov", frames=2).rename(folder / "film.qt")
    (folder / "notes.txt").write_text("text")
    result = run(folder, out, fast(size=16))
    assert sorted(path.name for path in out.iterdir()) == [
        *("film.mp4", "photo.avif", "photo.gif.png", "photo.jfif", "photo.jp2", "photo.png", "photo.ppm", "photo.tga"),
    ]
    assert all(read_image(path).shape == (48, 64, 3) for path in out.glob("photo*"))
    assert result.counts == {**result.counts, "pictures": 7, "videos": 1}
    assert result.warnings == (f"{folder}: passed over notes.txt.",)
    assert result.details["exit_code"] == ExitCode.OK


@pytest.mark.parametrize("name", ["a.jfif", "a.avif", "a.bin"])
def test_a_picture_never_becomes_a_video(fast: Fast, tmp_path: Path, name: str) -> None:
    Image.fromarray(WIDE).save(tmp_path / name, "AVIF" if name == "a.avif" else "JPEG")
    with pytest.raises(OutputError, match=r"b\.mp4: a picture becomes \.png"):
        run(tmp_path / name, tmp_path / "b.mp4", fast(size=16))
    run(tmp_path / name, tmp_path / "b.png", fast(size=16))
    assert read_image(tmp_path / "b.png").shape == (48, 64, 3)


def test_an_animation_is_a_video_unless_a_picture_is_asked_for(fast: Fast, tmp_path: Path) -> None:
    frames = [Image.new("RGB", (64, 48), (80 * number, 0, 0)) for number in range(3)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=200)
    assert run(tmp_path / "a.gif", tmp_path / "out" / "a.mp4", fast(size=16)).counts["frames"] == 3
    assert [job.target.name for job in plan_jobs([tmp_path / "a.gif"], tmp_path / "new")] == ["a.mp4"]
    result = run(tmp_path / "a.gif", tmp_path / "a.png", fast(size=16))
    assert result.warnings == (f"{tmp_path}/a.gif holds 3 pictures; the first one was painted.",)


def test_results_of_one_stem_keep_apart_whatever_else_is_rendered(tmp_path: Path) -> None:
    for name in ("a.mp4", "a.flv", "a.m2t"):
        make_clip(tmp_path / "clip.mkv", frames=2).rename(tmp_path / name)
    (tmp_path / "a.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nHello\n")
    expected = {"a.mp4": "a.mp4", "a.flv": "a.flv.mp4", "a.m2t": "a.m2t.mp4"}
    jobs = plan_jobs([tmp_path], tmp_path / "out")
    assert {job.source.name: job.target.name for job in jobs} == expected
    for name, result in expected.items():
        assert [job.target.name for job in plan_jobs([tmp_path / name], tmp_path / "out")] == [result]


def test_an_odd_or_broken_picture_stops_no_folder(fast: Fast, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    Image.fromarray(WIDE).save(folder / "a.jpg")
    odd_exif_photo(folder / "b.jpg", WIDE)
    (folder / "c.tif").write_bytes(b"II*\0" + b"\xff" * 60)
    Image.fromarray(WIDE).save(folder / "d.png")
    result = run(folder, tmp_path / "out", fast(size=16))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.jpg", "b.jpg", "d.png"]
    assert read_image(tmp_path / "out" / "b.jpg").shape == (64, 48, 3)
    assert list(result.details["failures"]) == [f"{tmp_path}/out/c.tif"]
    assert result.details["exit_code"] == ExitCode.INPUT


def test_what_the_result_cannot_hold_of_a_photo_is_said(fast: Fast, tmp_path: Path) -> None:
    odd_exif_photo(tmp_path / "a.jpg", WIDE)
    run(tmp_path / "a.jpg", tmp_path / "b.jpg", fast(size=16))
    with Image.open(tmp_path / "b.jpg") as image:
        assert image.getexif()[0x0112] == 1
    result = run(tmp_path / "a.jpg", tmp_path / "b.bmp", fast(size=16))
    assert result.warnings == (f"{tmp_path}/a.jpg: EXIF left out: b.bmp cannot hold it. PNG holds the most.",)
