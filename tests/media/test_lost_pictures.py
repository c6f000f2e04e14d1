"""Where a key frame cannot be decoded, the picture before it is held until the next one: nothing is shown out of nothing."""

from pathlib import Path

import av
import numpy as np
import pytest

from tests.clips import make_clip
from vidstyle.media.damage.lost_pictures import LostKeyFrames, NumberedPackets
from vidstyle.media.probe import probe
from vidstyle.media.read import VideoReader


def pictures(path: Path) -> tuple[list[np.ndarray], int]:
    with VideoReader(probe(path)) as reader:
        shown = [picture for batch in reader.batches(8) for picture in batch.frames]
        return shown, reader.report.held


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_the_picture_before_is_held_until_the_next_key_frame(tmp_path: Path, suffix: str) -> None:
    path = make_clip(tmp_path / f"film{suffix}", frames=40, size=(160, 120), key_every=10, b_frames=0)
    whole, _ = pictures(path)
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        (key,) = (packet for packet in packets if packet.is_keyframe and packet.pts == packets[20].pts)
        place, size = key.pos, key.size
    content = bytearray(path.read_bytes())
    start = content.find(bytes(key), place)
    content[start + 5 : start + size] = bytes(size - 5)
    path.write_bytes(content)
    shown, held = pictures(path)
    assert held == 10
    assert all(np.array_equal(picture, whole[19]) for picture in shown[20:30])
    assert all(np.array_equal(*pair) for pair in zip(shown[:20] + shown[30:], whole[:20] + whole[30:], strict=True))


@pytest.mark.parametrize(("suffix", "codec"), [(".h264", "libx264"), (".hevc", "libx265")])
def test_an_elementary_stream_has_a_picture_for_each_packet(tmp_path: Path, suffix: str, codec: str) -> None:
    path = make_clip(tmp_path / f"film{suffix}", frames=30, codec=codec, key_every=10, b_frames=2)
    whole, _ = pictures(path)
    content = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        packets = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    for number in (12, 13):
        start = sum(map(len, packets[:number]))
        content[start + 8 : start + len(packets[number])] = bytes(len(packets[number]) - 8)
    path.write_bytes(content)
    shown, held = pictures(path)
    assert (len(shown), held) == (30, 2)
    assert all(np.array_equal(shown[number], whole[number]) for number in (*range(10), *range(20, 30)))


def test_of_the_packets_without_times_those_before_a_key_frame_that_came_are_lost() -> None:
    packets = NumberedPackets()
    for number in range(6):
        assert packets.add(is_key_frame=number in (0, 3)) == number
    assert [packets.match(number, is_interlaced=False) for number in (0, 2)] == [0, 0]
    packets.note_error()
    assert [packets.is_without_key_frame(number) for number in (2, 4)] == [False, True]
    assert packets.match(3, is_interlaced=False) == 1
    assert not packets.is_without_key_frame(4)
    assert packets.waiting == [4, 5]


def test_without_an_error_of_the_decoder_no_key_frame_counts_as_lost() -> None:
    for failed in (False, True):
        lost_key_frames = LostKeyFrames()
        for time in (0, 10, 20):
            lost_key_frames.note_key_frame(time)
        if failed:
            lost_key_frames.note_error()
        assert not lost_key_frames.are_before(9, [])
        assert lost_key_frames.are_before(11, [10]) is failed
        assert lost_key_frames.are_before(19, [12]) is failed
        assert not lost_key_frames.are_before(20, [])
        assert not lost_key_frames.are_before(21, [])
