"""A reading that goes on in the middle gives what the whole reading gives from there, and the same report."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.clips import make_clip, make_truncated, moving_square
from vidstyle.errors import InputError
from vidstyle.media.clip import Batch, Clip
from vidstyle.media.probe import probe
from vidstyle.media.read import Position, ReadReport, VideoReader

SEGMENT = 9
Reading = tuple[list[Batch], list[Position], ReadReport]


def drained(reader: VideoReader) -> Reading:
    batches, positions = [], []
    for batch in reader.batches(4, SEGMENT):
        batches.append(batch)
        if reader.report.frames % SEGMENT == 0:
            positions.append(reader.position())
    return batches, positions, reader.report


def whole(clip: Clip, start: float | None = None, end: float | None = None) -> Reading:
    with VideoReader(clip, start_seconds=start, end_seconds=end) as reader:
        return drained(reader)


def resumed(clip: Clip, position: Position, start: float | None = None, end: float | None = None) -> Reading:
    with VideoReader(clip, start_after=position, start_seconds=start, end_seconds=end) as reader:
        return drained(reader)


def assert_goes_on_everywhere(
    path: Path, start: float | None = None, end: float | None = None, *, made_up: bool = False
) -> list[Position]:
    """Where pictures are `made_up` by the decoder, of what its memory holds, only their values may be others."""
    clip = probe(path)
    batches, positions, report = whole(clip, start, end)
    for position in positions:
        rest, later, again = resumed(clip, position, start, end)
        after = [batch for batch in batches if batch.pts[0] > position.pts]
        assert [(batch.pts, batch.durations) for batch in rest] == [(batch.pts, batch.durations) for batch in after]
        pairs = zip(rest, after, strict=True)
        assert made_up or all(np.array_equal(ours.frames, theirs.frames) for ours, theirs in pairs)
        expected = positions[positions.index(position) + 1 :]
        assert [compared(found, made_up) for found in later] == [compared(found, made_up) for found in expected]
        assert again == report
    assert positions
    return positions


def compared(position: Position, made_up: bool) -> Position:
    return replace(position, digest="") if made_up else position


@pytest.mark.parametrize(
    ("name", "how", "seeks"),
    [
        ("deep b-frames.mp4", {"b_frames": 4}, True),
        ("variable.mp4", {"pts": np.cumsum([0, *[10, 5, 70, 1] * 11]).tolist(), "time_base": Fraction(1, 1000)}, True),
        ("late.mkv", {"pts": range(707, 2507, 40), "time_base": Fraction(1, 1000)}, True),
        ("hevc.mp4", {"codec": "libx265", "size": (128, 128)}, True),
        ("deep.mkv", {"pixel_format": "yuv420p10le"}, True),
        ("vp9.webm", {"codec": "libvpx-vp9"}, True),
        ("alt-ref.webm", {"codec": "libvpx", "options": {"auto-alt-ref": "1", "lag-in-frames": "16"}}, None),
        ("mpeg4.avi", {"codec": "mpeg4"}, None),
        ("programme.mpg", {"codec": "mpeg2video", "rate": Fraction(25)}, None),
        ("fields.mpg", {"codec": "mpeg2video", "rate": Fraction(25), "interlaced": True}, None),
        ("transport.ts", {"audio": 1}, True),
        ("bare.h264", {}, False),
    ],
)
def test_every_kind_of_file(tmp_path: Path, name: str, how: dict[str, Any], seeks: bool | None) -> None:
    positions = assert_goes_on_everywhere(make_clip(tmp_path / name, **{"frames": 45, **how}))
    assert seeks is None or all(position.seekable == seeks for position in positions)


def test_a_range(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", frames=150)
    assert len(assert_goes_on_everywhere(path, 3.1, 5.0)) == 5


def test_a_part_of_the_file_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = probe(make_clip(tmp_path / "a.mp4", frames=240))
    position = whole(clip)[1][-1]
    assert position.pictures == 234
    from vidstyle.media import decode

    counted: list[object] = []
    note = decode.Decoder._note
    monkeypatch.setattr(decode.Decoder, "_note", lambda self, packet: (counted.append(1), note(self, packet)))
    assert sum(len(batch) for batch in resumed(clip, position)[0]) == 6
    assert len(counted) < 72, "two seconds before, and no more than a group of pictures"


def test_a_picture_that_is_not_the_same_after_a_seek_is_looked_for_from_the_front(tmp_path: Path) -> None:
    clip = probe(make_clip(tmp_path / "a.mp4", frames=45))
    _, positions, report = whole(clip)
    elsewhere = replace(positions[1], seekable=False)
    rest, _, again = resumed(clip, elsewhere)
    assert (sum(len(batch) for batch in rest), again) == (27, report)
    with pytest.raises(InputError) as caught:
        resumed(clip, replace(positions[1], digest="another"))
    assert str(caught.value) == f"{clip.path} does not read as it did before. Give --restart to begin anew."


def test_damaged_files(tmp_path: Path) -> None:
    sound = make_clip(tmp_path / "whole.mp4", frames=60, size=(160, 120), key_every=15)
    with av.open(str(sound)) as container:
        packets = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    content = bytearray(sound.read_bytes())
    for offset, size in packets[20:50:10]:
        content[offset + 5 : offset + size] = bytes(size - 5)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(content)
    positions = assert_goes_on_everywhere(broken, made_up=True)
    assert [position.seekable for position in positions] == [True, True, False, False, False, False]
    elsewhere = replace(positions[-1], digest="of what the memory held")
    assert sum(len(batch) for batch in resumed(probe(broken), elsewhere)[0]) == 60 - elsewhere.pictures
    assert_goes_on_everywhere(make_truncated(make_clip(tmp_path / "a.mkv", frames=90), tmp_path / "cut.mkv"))


def test_files_whose_clock_or_size_changes(tmp_path: Path) -> None:
    large = make_clip(tmp_path / "large.ts", frames=30)
    small = make_clip(tmp_path / "small.ts", frames=30, size=(32, 32), pictures=moving_square((32, 32)))
    both = tmp_path / "both.ts"
    both.write_bytes(large.read_bytes() + small.read_bytes())
    assert not assert_goes_on_everywhere(both)[-1].seekable


@pytest.mark.needs_data
@pytest.mark.parametrize("name", ["vfr_slowmotion.mp4", "derived_interlaced_tff_mpeg2.mpg", "flv_vfr_timebase.flv"])
def test_real_files(real_data: Path, name: str) -> None:
    clip = probe(real_data / "awkward" / name)
    batches, positions, report = whole(clip)
    for position in positions[len(positions) // 3 :: max(1, len(positions) // 3)]:
        rest, later, again = resumed(clip, position)
        after = [batch for batch in batches if batch.pts[0] > position.pts]
        assert [batch.pts for batch in rest] == [batch.pts for batch in after]
        assert all(np.array_equal(ours.frames, theirs.frames) for ours, theirs in zip(rest, after, strict=True))
        assert (later, again) == (positions[positions.index(position) + 1 :], report)
