"""Two readings of a damaged video give the same pictures, whatever the decoder's memory held."""

import random
from pathlib import Path

import av
import numpy as np
import pytest

from tests.clips import make_clip
from vidstyle.media.picture import Picture
from vidstyle.media.probe import probe
from vidstyle.media.read import VideoReader, digest

FRAMES = 12
NOISE = np.random.default_rng(5).integers(0, 256, (6, 8, 3), np.uint8).repeat(16, 0).repeat(16, 1)


def damaged(path: Path, codec: str, seed: int) -> Path:
    """Write a clip in which every third packet is damaged."""
    form = {"mjpeg": "yuvj420p", "prores_ks": "yuv422p10le"}.get(codec, "yuv420p")
    make_clip(
        path,
        size=(128, 96),
        frames=FRAMES,
        key_every=4,
        codec=codec,
        pixel_format=form,
        pictures=lambda number: np.roll(NOISE, (2 * number, 3 * number), (0, 1)),
    )
    with av.open(str(path)) as container:
        packets = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    content, choose = path.read_bytes(), random.Random(seed)
    for packet in packets[2::3]:
        place = choose.randrange(len(packet) // 4, len(packet) // 2)
        noise = choose.randbytes(min(40, len(packet) - place))
        content = content.replace(packet, packet[:place] + noise + packet[place + len(noise) :])
    path.write_bytes(content)
    return path


def digests(path: Path, kept: int) -> tuple[list[str], int]:
    """Read a video while the pictures of some packets are kept, so that the decoder uses other memory for the next."""
    keep: list[Picture] = []
    found = []
    with VideoReader(probe(path)) as reader:
        for number, picture in enumerate(reader.pictures()):
            found.append(digest(picture.rgb))
            keep += [picture] if kept and number % kept == 0 else []
        return found, reader.report.held + reader.report.concealed


@pytest.mark.parametrize(
    ("suffix", "codec"), [(".avi", "mjpeg"), (".mov", "prores_ks"), (".mkv", "mpeg2video"), (".mp4", "libx264")]
)
def test_two_readings_of_a_damaged_video_are_equal(tmp_path: Path, suffix: str, codec: str) -> None:
    for seed in range(2):
        path = damaged(tmp_path / f"{seed}{suffix}", codec, seed)
        pictures, repaired = digests(path, kept=0)
        assert len(pictures) == FRAMES
        assert repaired > 0
        assert all(digests(path, kept) == (pictures, repaired) for kept in (1, 3))


def test_an_odd_picture_of_motion_jpeg_is_shown_where_it_is_whole(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mjpeg", frames=6, codec="mjpeg", pixel_format="yuvj420p")
    whole, _ = digests(path, kept=0)
    # ITU-T T.81, B.2.3: the head of another scan, with nothing in it, before the end of each picture but the last.
    path.write_bytes(path.read_bytes().replace(b"\xff\xd9\xff\xd8", b"\xff\xda\x00\x02\xff\xd9\xff\xd8"))
    assert digests(path, kept=0) == (whole, 0)
