"""Damaged pictures and videos lead to a sentence at worst: those that once did not, and some of all kinds, damaged at random."""

import random
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest
from PIL import Image

from tests.clips import make_clip, moving_square
from tests.odd_exif import TURNED, exif_of
from vidstyle.errors import VidstyleError
from vidstyle.media.codecs import CONTAINERS
from vidstyle.media.file_kinds.kinds import kind_of
from vidstyle.media.images import read_picture
from vidstyle.media.probe import probe
from vidstyle.media.read import VideoReader
from vidstyle.media.tracks import plan_tracks

CORPUS = sorted((Path(__file__).parent.parent / "corpus").iterdir())
"""Damaged files that once led to a traceback."""
PICTURES = ("png", "jpg", "webp", "avif", "tif", "gif", "bmp", "tga", "jp2", "ppm")
VIDEOS = {"mp4": "libx264", "mkv": "libx264", "ts": "mpeg2video", "flv": "libx264", "avi": "mpeg4", "nut": "ffv1"}
ROUNDS = 12


def _read(path: Path) -> None:
    """Do with a file what a render does before it paints, as far as that goes."""
    kind_of(path)
    for read in (_read_video, read_picture):
        try:
            read(path)
        except VidstyleError as error:
            assert str(path) in str(error)


def _read_video(path: Path) -> None:
    clip = probe(path)
    plan_tracks(clip, CONTAINERS[".mp4"], audio=True, subtitles=True)
    if clip.width * clip.height < 1 << 20:
        with VideoReader(clip, end_seconds=0.3) as reader:
            for picture in islice(reader.pictures(), 30):
                assert picture.rgb.ndim == 3


def _damaged(content: bytes, choose: random.Random) -> bytes:
    """Return bytes with some of them changed, cut out, put in twice, or cut off."""
    damaged = bytearray(content)
    for _ in range(choose.choice([1, 2, 5])):
        place = choose.randrange(min(len(damaged), choose.choice([300, 1 << 20])))
        length = choose.choice([1, 2, 4, 16])
        change = choose.choice(["value", "ones", "cut out", "twice", "cut off"])
        if change == "value":
            damaged[place] = choose.randrange(256)
        elif change == "ones":
            damaged[place : place + length] = b"\xff" * length
        elif change == "cut out" and len(damaged) > 100:
            del damaged[place : place + length]
        elif change == "twice":
            damaged[place:place] = damaged[place : place + length]
        elif change == "cut off" and place > 100:
            del damaged[place:]
    return bytes(damaged)


def _picture(path: Path) -> Path:
    Image.fromarray(moving_square((24, 16))(3)).save(
        path, **({"exif": exif_of(TURNED)} if path.suffix != ".gif" else {})
    )
    return path


def _video(path: Path) -> Path:
    codec = VIDEOS[path.suffix[1:]]
    reordered = 0 if codec in ("ffv1",) or path.suffix == ".flv" else 2
    return make_clip(path, size=(32, 32), frames=6, key_every=3, codec=codec, b_frames=reordered)


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
def test_damaged_files_of_the_corpus_lead_to_a_sentence_at_worst(path: Path) -> None:
    _read(path)


@pytest.mark.parametrize(("make", "suffixes"), [(_picture, PICTURES), (_video, tuple(VIDEOS))])
def test_files_damaged_at_random_lead_to_a_sentence_at_worst(
    tmp_path: Path, make: Callable[[Path], Path], suffixes: tuple[str, ...]
) -> None:
    for suffix in suffixes:
        whole = make(tmp_path / f"whole.{suffix}").read_bytes()
        for number in range(ROUNDS):
            path = tmp_path / f"{number}.{suffix}"
            path.write_bytes(_damaged(whole, random.Random(f"{suffix} {number}")))
            _read(path)
