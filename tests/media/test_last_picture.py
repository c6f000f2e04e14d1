"""The last picture lasts as long as in the source, whatever lies between: segments, the joined file, the container."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from tests.clicks import program
from tests.numbered import durations_in, numbered, numbers_in, with_tones
from tests.packets import complaints, video_times
from tests.pipeline import passed_through
from vidstyle.media.probe import probe
from vidstyle.media.read import VideoReader

SECOND = Fraction(1)
TARGETS = [("auto", suffix) for suffix in (".mp4", ".mov", ".mkv", ".webm")]
TARGETS += [("ffv1", ".mkv"), ("prores_ks", ".mov"), ("libx265", ".mp4"), ("libx265", ".mkv"), ("libvpx-vp9", ".mp4")]


def slides(path: Path, durations: list[int], codec: str = "mpeg4") -> Path:
    """Write pictures that last so many milliseconds each, each ten steps lighter than the one before."""
    base = Fraction(1, 1000)
    with av.open(str(path), "w", container_options={"video_track_timescale": "1000"}) as container:
        stream: Any = container.add_stream(codec, rate=1)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.time_base = base
        packets, times = [], [sum(durations[:place]) for place in range(len(durations))]
        for place, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(numbered(10 * place), "rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = time, base
            packets += stream.encode(frame)
        for packet in packets + stream.encode(None):
            packet.duration = durations[times.index(packet.pts)]
            container.mux(packet)
    return path


def last_duration(path: Path) -> Fraction:
    """Return the seconds that reading gives the last picture."""
    clip = probe(path)
    with VideoReader(clip) as reader:
        return [batch.durations[-1] * clip.time_base for batch in reader.batches(1)][-1]


@pytest.mark.parametrize("segment", [2, 100])
@pytest.mark.parametrize(("codec", "suffix"), TARGETS)
@pytest.mark.parametrize("last", [5000, 40])
def test_the_last_picture_keeps_its_duration(tmp_path: Path, codec: str, suffix: str, segment: int, last: int) -> None:
    source = slides(tmp_path / "a.mp4", [1000, 1000, 1000, 1000, last])
    target = tmp_path / f"out{suffix}"
    passed_through(source, target, codec, segment)
    assert [round(number / 10) for number in numbers_in(target)] == [0, 1, 2, 3, 4]
    assert video_times(target) == [0, 1, 2, 3, 4]
    with av.open(str(target)) as container:
        assert container.duration == 4_000_000 + last * 1000
    assert last_duration(target) == Fraction(last, 1000)
    if (codec, suffix) != ("libvpx-vp9", ".mp4"):  # ffmpeg's reader takes VP9's from the rate there
        assert durations_in(target) == [SECOND] * 4 + [Fraction(last, 1000)]
    assert complaints(target) == ""


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_sound_changes_nothing_of_it(tmp_path: Path, suffix: str) -> None:
    source = with_tones(slides(tmp_path / "a.mov", [1000, 1000, 3000]), tmp_path / "a.mp4", 2)
    passed_through(source, tmp_path / f"out{suffix}")
    assert durations_in(tmp_path / f"out{suffix}") == [1, 1, 3]


def test_the_last_delay_of_a_gif_is_kept(tmp_path: Path) -> None:
    source = tmp_path / "a.gif"
    program("-f", "lavfi", "-i", "testsrc2=s=32x32:r=10:d=0.9", "-final_delay", "300", str(source))
    for name in ("out.mp4", "out.mkv"):
        passed_through(source, tmp_path / name)
        assert sum(durations_in(tmp_path / name)) == Fraction(38, 10)


@pytest.mark.parametrize("codec", ["libvpx-vp9", "ffv1"])
def test_each_picture_of_an_uneven_video_keeps_its_duration_in_matroska(tmp_path: Path, codec: str) -> None:
    source = slides(tmp_path / "a.mp4", [1000, 4000, 40, 200, 3000])
    passed_through(source, tmp_path / "out.mkv", codec)
    assert durations_in(tmp_path / "out.mkv") == [1, 4, Fraction(1, 25), Fraction(1, 5), 3]


def test_no_reordered_picture_has_the_duration_of_another_in_matroska(tmp_path: Path) -> None:
    source = slides(tmp_path / "a.mp4", [1000, 4000, 40, 200, 3000, 60])
    passed_through(source, tmp_path / "out.mkv")
    assert b"\x9b\x82\x0f\xa0" not in (tmp_path / "out.mkv").read_bytes()  # a BlockDuration of 4000
    with av.open(str(tmp_path / "out.mkv")) as container:
        assert container.duration == 8_300_000


def test_an_edit_list_tells_the_duration_that_reordered_packets_cannot(tmp_path: Path) -> None:
    source = slides(tmp_path / "a.mp4", [1000, 1000, 1000, 5000], "libx264")
    assert durations_in(source) != [1, 1, 1, 5]
    assert last_duration(source) == 5
