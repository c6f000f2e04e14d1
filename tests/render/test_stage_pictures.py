"""Pictures and folders of pictures are painted like frames."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vidstyle.errors import InputError, OutputError
from vidstyle.media.images import read_image, write_image
from vidstyle.progress import Progress
from vidstyle.render.settings import RenderSettings
from vidstyle.render.stage import run

Fast = Callable[..., RenderSettings]


def picture(path: Path, size: tuple[int, int] = (60, 44)) -> Path:
    rows, columns = np.mgrid[0 : size[1], 0 : size[0]]
    write_image(path, np.stack([rows * 3, columns * 2, rows + columns], -1).astype(np.uint8))
    return path


@pytest.mark.parametrize("size", [(60, 44), (61, 45), (3, 200), (1, 1)])
def test_a_picture_of_any_size_keeps_it(fast: Fast, tmp_path: Path, size: tuple[int, int]) -> None:
    result = run(picture(tmp_path / "a.png", size), tmp_path / "out.jpg", fast())
    assert read_image(tmp_path / "out.jpg").shape == (size[1], size[0], 3)
    assert (result.counts, result.outputs) == ({"pictures": 1}, (tmp_path / "out.jpg",))


def test_an_unstyled_picture_at_full_size_is_the_source(fast: Fast, tmp_path: Path) -> None:
    source = picture(tmp_path / "a.png")
    run(source, tmp_path / "out.png", fast(blend=0.0, size="source"))
    assert np.array_equal(read_image(tmp_path / "out.png"), read_image(source))


def test_a_folder_of_mixed_sizes_is_painted_picture_by_picture(fast: Fast, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    sizes = {"1.png": (40, 30), "2.png": (30, 40), "10.jpg": (64, 64)}
    for name, size in sizes.items():
        picture(tmp_path / "in" / name, size)
    told: list[Progress] = []
    run(tmp_path / "in", tmp_path / "out", fast(), told.append)
    for name, (width, height) in sizes.items():
        assert read_image(tmp_path / "out" / name).shape == (height, width, 3)
    assert [(progress.done, progress.total, progress.unit) for progress in told] == [
        (count, 3, "pictures") for count in (1, 2, 3)
    ]


def test_an_animated_picture_gives_its_first_one_and_says_so(fast: Fast, tmp_path: Path) -> None:
    source = tmp_path / "a.webp"
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "green", "blue")]
    frames[0].save(source, save_all=True, append_images=frames[1:])
    result = run(source, tmp_path / "out.png", fast(blend=0.0, size="source"))
    assert result.warnings == (f"{source} holds 3 pictures; the first one was painted.",)
    assert np.abs(read_image(tmp_path / "out.png")[15, 20].astype(int) - (255, 0, 0)).max() < 8


def test_a_transparent_picture_lies_over_the_chosen_colour(fast: Fast, tmp_path: Path) -> None:
    Image.new("RGBA", (40, 30), (9, 9, 9, 0)).save(tmp_path / "a.png")
    run(tmp_path / "a.png", tmp_path / "out.png", fast(blend=0.0, size="source", background="#f08020"))
    assert (read_image(tmp_path / "out.png") == (0xF0, 0x80, 0x20)).all()


def test_a_picture_is_not_written_over_itself_nor_into_a_video(fast: Fast, tmp_path: Path) -> None:
    source = picture(tmp_path / "a.png")
    before = source.read_bytes()
    with pytest.raises(OutputError, match="is the source itself"):
        run(source, source, fast(overwrite=True))
    with pytest.raises(OutputError, match=r"out\.mp4: a picture becomes \.png, "):
        run(source, tmp_path / "out.mp4", fast())
    assert source.read_bytes() == before


def test_a_broken_picture_is_named(fast: Fast, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"not a picture")
    with pytest.raises(InputError, match=r"a\.png is not an image that can be read\."):
        run(tmp_path / "a.png", tmp_path / "out.png", fast())
    assert not (tmp_path / "out.png").exists()
