"""What a container cuts off is not shown: every reader of a video sees the part that players show."""

from pathlib import Path
from struct import pack, unpack_from

import av
import numpy as np
import pytest

from tests.clips import make_clip
from vidstyle.media.frame_properties.cropping import cropped, shown_size
from vidstyle.media.frame_properties.stream_header import Cropping
from vidstyle.media.keyframes import key_frames
from vidstyle.media.probe import probe
from vidstyle.media.read import VideoReader

SIZE = 96, 64
PARENTS = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"avc1")
ENTRY_BYTES = {b"stsd": 8, b"avc1": 78}
"""What lies before the boxes in a box."""
EVEN, ODD = Cropping(8, 4, 16, 8), Cropping(9, 3, 14, 6)


def with_clap(content: bytes, cropping: Cropping) -> bytes:
    """Return boxes of an mp4 with a clean aperture (ISO/IEC 14496-12, 12.1.4) in the description of its pictures."""
    made, at = b"", 0
    while at < len(content):
        size, kind = unpack_from(">I4s", content, at)
        inside = content[at + 8 : at + size]
        if kind in PARENTS:
            head = inside[: ENTRY_BYTES.get(kind, 0)]
            inside = head + with_clap(inside[len(head) :], cropping)
        if kind == b"avc1":
            width, height = SIZE[0] - cropping.left - cropping.right, SIZE[1] - cropping.top - cropping.bottom
            across, down = cropping.left - cropping.right, cropping.top - cropping.bottom
            inside += pack(">I4s4I", 40, b"clap", width, 1, height, 1) + pack(">iIiI", across, 2, down, 2)
        made += pack(">I4s", 8 + len(inside), kind) + inside
        at += size
    return made


def bordered(cropping: Cropping) -> np.ndarray:
    """Return a red picture whose shown part is grey, with a light corner at its upper left."""
    rgb = np.full((SIZE[1], SIZE[0], 3), (220, 20, 20), np.uint8)
    shown = rgb[cropping.top : SIZE[1] - cropping.bottom, cropping.left : SIZE[0] - cropping.right]
    shown[:] = 90
    shown[:16, :16] = 200
    return rgb


def cropped_clip(folder: Path, cropping: Cropping, suffix: str = ".mp4", rotation: int = 0, **made: str) -> Path:
    """Write a clip of which a container shows a part."""
    coded = make_clip(
        folder / "coded.mp4", size=SIZE, frames=3, rotation=rotation, pictures=lambda _: bordered(cropping), **made
    )
    path = folder / f"cropped{suffix}"
    (folder / "cropped.mp4").write_bytes(with_clap(coded.read_bytes(), cropping))
    if suffix != ".mp4":
        with av.open(str(folder / "cropped.mp4")) as source, av.open(str(path), "w") as target:
            stream = target.add_stream_from_template(source.streams.video[0])
            for packet in source.demux(source.streams.video[0]):
                if packet.size:
                    packet.stream = stream
                    target.mux(packet)
    return path


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv420p10le", "yuv444p"])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("cropping", [EVEN, ODD])
def test_the_shown_part_is_read_to_the_pixel(
    cropping: Cropping, suffix: str, pixel_format: str, tmp_path: Path
) -> None:
    clip = probe(cropped_clip(tmp_path, cropping, suffix, pixel_format=pixel_format))
    width, height = SIZE[0] - cropping.left - cropping.right, SIZE[1] - cropping.top - cropping.bottom
    assert (clip.cropping, clip.width, clip.height) == (cropping, width, height)
    with VideoReader(clip) as reader:
        pictures = list(reader.pictures())
    assert reader.report.warnings == []
    (key, *_) = key_frames(clip, [0.0])
    for picture in (*pictures, key):
        rgb = (picture.rgb >> 8 if picture.rgb.dtype == np.uint16 else picture.rgb).astype(int)
        assert rgb.shape == (height, width, 3)
        assert np.ptp(rgb[2:-2, 2:-2], axis=2).max() < 40, "no red border"
        assert rgb[:14, :14, 1].min() > 150 and rgb[18:, 18:, 1].max() < 130
        assert picture.reduced(20).shape[0] == 20
        assert picture.planes is not None and picture.planes.luma.shape == (height, width)


@pytest.mark.parametrize("rotation", [90, 180])
def test_a_turned_picture_is_cropped_before_it_is_turned(rotation: int, tmp_path: Path) -> None:
    clip = probe(cropped_clip(tmp_path, ODD, rotation=rotation))
    with VideoReader(clip) as reader:
        rgb = next(reader.pictures()).rgb
    assert rgb.shape == ((73, 55, 3) if rotation == 90 else (55, 73, 3))
    corner = rgb[:14, -14:] if rotation == 90 else rgb[-14:, -14:]
    assert corner[..., 1].min() > 150


def test_what_would_leave_nothing_is_passed_over() -> None:
    frame = av.VideoFrame(64, 48, "yuv420p")
    assert shown_size(frame, Cropping(40, 0, 40, 0)) == (64, 48)
    assert cropped(frame, Cropping(40, 0, 40, 0)) is frame
