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
    ("suffix", "codec"),
    [(".avi", "mjpeg"), (".mov", "prores_ks"), (".mkv", "mpeg2video"), (".mkv", "ffv1")],
)
def test_two_readings_of_a_damaged_video_are_equal(tmp_path: Path, suffix: str, codec: str) -> None:
    for seed in range(2):
        path = damaged(tmp_path / f"{seed}{suffix}", codec, seed)
        pictures, repaired = digests(path, kept=0)
        assert len(pictures) == FRAMES
        assert repaired > 0
        assert all(digests(path, kept) == (pictures, repaired) for kept in (1, 3))


def test_damaged_h264_gives_each_picture_and_the_same_count_in_each_reading(tmp_path: Path) -> None:
    """Its decoder repairs pictures on several threads, so only what they look like may differ."""
    for seed in range(2):
        path = damaged(tmp_path / f"{seed}.mp4", "libx264", seed)
        readings = [digests(path, kept) for kept in (0, 1, 3)]
        assert [len(pictures) for pictures, _ in readings] == [FRAMES] * 3
        (repaired,) = {repaired for _, repaired in readings}
        assert repaired > 0


def test_a_damaged_picture_of_ffv1_is_held_until_the_next_key_frame(tmp_path: Path) -> None:
    pictures, repaired = digests(damaged(tmp_path / "a.mkv", "ffv1", 0), kept=0)
    held = [2, 3, 5, 6, 7, 8, 9, 10, 11]
    assert repaired == len(held)
    assert all(pictures[number] == pictures[number - 1] for number in held)
    assert len(set(pictures)) == FRAMES - len(held)


@pytest.mark.parametrize(
    "options",
    [{"level": "1"}, {"level": "3", "slicecrc": "0"}, {"level": "4", "slicecrc": "2", "strict": "experimental"}],
    ids=["no slices", "no checksums", "checksums of another kind"],
)
def test_pictures_of_ffv1_are_shown_whatever_checksums_it_has(tmp_path: Path, options: dict[str, str]) -> None:
    path = make_clip(tmp_path / "a.mkv", frames=4, codec="ffv1", options=options)
    pictures, repaired = digests(path, kept=0)
    assert (len(set(pictures)), repaired) == (4, 0)


def test_a_damaged_first_picture_of_ffv1_is_not_shown(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mkv", frames=4, key_every=1, codec="ffv1", options={"level": "3"})
    whole, _ = digests(path, kept=0)
    with av.open(str(path)) as container:
        first = bytes(next(container.demux(video=0)))
    path.write_bytes(path.read_bytes().replace(first, first[:40] + b"damaged" + first[47:]))
    assert digests(path, kept=0) == ([whole[1], *whole[1:]], 1)


def test_an_odd_picture_of_motion_jpeg_is_shown_where_it_is_whole(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mjpeg", frames=6, codec="mjpeg", pixel_format="yuvj420p")
    whole, _ = digests(path, kept=0)
    # ITU-T T.81, B.2.3: the head of another scan, with nothing in it, before the end of each picture but the last.
    path.write_bytes(path.read_bytes().replace(b"\xff\xd9\xff\xd8", b"\xff\xda\x00\x02\xff\xd9\xff\xd8"))
    assert digests(path, kept=0) == (whole, 0)
