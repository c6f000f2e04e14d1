"""Closed captions inside pictures are inside the pictures of the result."""

import re
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.clicks import program
from tests.packets import complaints
from tests.pipeline import passed_through
from vidstyle.media.clip import Batch, Colour
from vidstyle.media.codecs import CODECS
from vidstyle.media.muxing.closed_captions import read_captions
from vidstyle.media.write import VideoForm, VideoWriter

TEN = Fraction(1, 10)
TEXT = [
    b"\xfc\x94\x20" * 2,
    b"\xfc\xc8\x49",
    b"",
    b"\xfc\x00\x00\xfc\x00\x00\x01\x02\x03" * 10,
    b"\xfc\x80\x80",
    b"\xfd\x00\x00",
]
"""Captions of six pictures; some bytes look like the start of a unit."""


def captions_in(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [read_captions(frame) for frame in container.decode(video=0)]


def captioned(path: Path, codec: str = "libx264") -> Path:
    form = VideoForm(CODECS[codec], 64, 48, "yuv420p", TEN, 1 / TEN, Fraction(1), Colour(), 30, "medium")
    pictures = np.random.default_rng(0).integers(0, 255, (6, 48, 64, 3), np.uint8)
    with VideoWriter(path, form) as writer:
        writer.write(Batch(pictures, tuple(range(6)), (1,) * 6, TEN, tuple(TEXT)))
    return path


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_each_picture_keeps_its_own_captions_where_pictures_are_reordered(tmp_path: Path, codec: str) -> None:
    source = captioned(tmp_path / "a.mp4")
    assert captions_in(source) == TEXT
    for suffix in (".mp4", ".mkv"):
        assert passed_through(source, tmp_path / f"out{suffix}", codec, segment=4).captions == 5
        assert (captions_in(tmp_path / f"out{suffix}"), complaints(tmp_path / f"out{suffix}")) == (TEXT, "")


def test_captions_in_the_user_data_of_mpeg_2_are_kept(tmp_path: Path) -> None:
    plain, source = tmp_path / "plain.m2v", tmp_path / "a.m2v"
    program("-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=0.2", "-c:v", "mpeg2video", "-bf", "0", str(plain))
    user_data = b"\x00\x00\x01\xb2GA94\x03\xc1\xff\xfc\x94\x20\xff"
    source.write_bytes(re.sub(rb"(?=\x00\x00\x01\x01)", user_data, plain.read_bytes()))
    assert passed_through(source, tmp_path / "out.mov").captions == 5
    assert captions_in(tmp_path / "out.mov") == [b"\xfc\x94\x20"] * 5
