"""A cut states the timecode of its own first picture."""

from collections.abc import Callable
from pathlib import Path

import av
import pytest

from tests.clicks import program
from vidstyle.render.settings import RenderSettings
from vidstyle.render.stage import run

Fast = Callable[..., RenderSettings]


def timecode_of(path: Path) -> str:
    with av.open(str(path)) as container:
        tags = container.streams.video[0].metadata
        return next(value for name, value in tags.items() if name.lower() == "timecode")


@pytest.mark.parametrize(
    ("rate", "timecode", "start", "expected"),
    [
        ("25", "01:00:00:00", None, "01:00:00:00"),
        ("25", "01:00:00:00", 2, "01:00:02:00"),
        ("25", "01:00:59:20", 1.2, "01:01:01:00"),
        ("30000/1001", "01:00:00;00", 2.002, "01:00:02;00"),
        ("30000/1001", "01:00:59;00", 1.001, "01:01:00;02"),
    ],
)
@pytest.mark.parametrize("suffix", [".mov", ".mp4", ".mkv"])
def test_the_timecode_of_a_cut_is_that_of_its_first_picture(
    fast: Fast, tmp_path: Path, rate: str, timecode: str, start: float | None, expected: str, suffix: str
) -> None:
    source = tmp_path / "a.mov"
    picture = ("-f", "lavfi", "-i", f"testsrc2=s=64x48:r={rate}:d=3")
    program(*picture, "-c:v", "libx264", "-timecode", timecode, f"file:{source}")
    run(source, tmp_path / f"out{suffix}", fast(size=16, start=start))
    assert timecode_of(tmp_path / f"out{suffix}") == expected
