"""Reading gives every picture of a file at its own time, or says what it could not give."""

import shutil
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.clicks import program
from tests.clips import make_clip, make_transparent_webm, make_truncated, moving_square, still
from vidstyle.errors import InputError
from vidstyle.media.probe import probe
from vidstyle.media.read import ReadReport, VideoReader


def read(path: Path, size: int = 7, **limits: Any) -> tuple[np.ndarray, list[int], ReadReport]:
    with VideoReader(probe(path), **limits) as reader:
        batches = list(reader.batches(size))
    return (
        np.concatenate([batch.frames for batch in batches]),
        [pts for batch in batches for pts in batch.pts],
        reader.report,
    )


def demuxed_pts(path: Path) -> list[int]:
    with av.open(str(path)) as container:
        packets = container.demux(video=0)
        return sorted(packet.pts for packet in packets if packet.size and not packet.is_discard)


def closeness(frames: np.ndarray, pictures: Any) -> float:
    drawn = np.stack([pictures(index) for index in range(len(frames))]).astype(int)
    return float(np.abs(frames.astype(int) - drawn).mean())


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("plain.mp4", {}),
        ("deep b-frames.mp4", {"b_frames": 4}),
        ("variable.mp4", {"pts": [0, 10, 15, 40, 41, 300], "time_base": Fraction(1, 1000)}),
        ("variable.mkv", {"pts": [0, 10, 15, 40, 41, 300], "time_base": Fraction(1, 1000)}),
        ("ntsc.mov", {"rate": Fraction(30000, 1001)}),
        ("odd.mp4", {"size": (33, 17), "pixel_format": "yuv444p"}),
        ("hevc.mp4", {"codec": "libx265", "size": (128, 128), "frames": 8}),
        ("vp8.webm", {"codec": "libvpx", "audio": 1}),
        ("alt-ref.webm", {"codec": "libvpx", "frames": 60, "options": {"auto-alt-ref": "1", "lag-in-frames": "16"}}),
        ("vp9.webm", {"codec": "libvpx-vp9", "frames": 30}),
        ("mpeg4.avi", {"codec": "mpeg4"}),
        ("programme.mpg", {"codec": "mpeg2video", "rate": Fraction(25)}),
        ("fields.mpg", {"codec": "mpeg2video", "rate": Fraction(25), "interlaced": True}),
        ("transport.ts", {"audio": 1}),
        ("lossless.mkv", {"codec": "ffv1"}),
        ("bare.h264", {}),
    ],
)
def test_every_picture_comes_once_in_order_at_its_own_time(tmp_path: Path, name: str, how: dict[str, Any]) -> None:
    path = make_clip(tmp_path / name, **how)
    frames, pts, report = read(path)
    asked = len(how["pts"]) if "pts" in how else how.get("frames", 24)
    assert (len(frames), report.packets, report.frames, report.held, report.concealed) == (asked, asked, asked, 0, 0)
    assert report.warnings == []
    assert all(later > earlier for earlier, later in pairwise(pts))
    if not name.endswith((".h264", ".avi", "alt-ref.webm")):
        assert pts == demuxed_pts(path)
    assert closeness(frames, moving_square(how.get("size", (64, 48)))) < 9


REORDERED = {"preset": "medium", "b-pyramid": "normal"}
DEEP = {"preset": "medium", "x264-params": "bframes=16:b-adapt=0:ref=16"}
DEEP_HEVC = {"preset": "medium", "x265-params": "bframes=16:b-adapt=0:log-level=none"}


@pytest.mark.parametrize("suffix", [".mkv", ".nut"])
@pytest.mark.parametrize(
    "how",
    [
        {"rate": 1, "frames": 12, "b_frames": 3, "options": REORDERED},
        {"rate": 5, "frames": 20, "b_frames": 3, "options": REORDERED},
        {"rate": Fraction(24000, 1001), "frames": 40, "b_frames": 16, "options": DEEP},
        {"codec": "libx265", "rate": Fraction(24000, 1001), "frames": 40, "b_frames": 16, "options": DEEP_HEVC},
        {"pts": [0, 1000, 5000], "time_base": Fraction(1, 1000), "b_frames": 3, "options": REORDERED},
        {"pts": [0, 40, 80, 600080, 600120], "time_base": Fraction(1, 1000), "b_frames": 3, "options": REORDERED},
    ],
)
def test_pictures_far_from_their_decoding_keep_their_times(tmp_path: Path, suffix: str, how: dict[str, Any]) -> None:
    path = make_clip(tmp_path / f"a{suffix}", key_every=250, **how)
    frames, pts, report = read(path)
    wanted = [float(time * how["time_base"]) for time in how["pts"]] if "pts" in how else None
    wanted = wanted or [float(number / how["rate"]) for number in range(how["frames"])]
    base = float(probe(path).time_base)
    assert (report.packets, report.frames, report.held, report.warnings) == (len(wanted), len(wanted), 0, [])
    assert [(time - pts[0]) * base for time in pts] == pytest.approx([time - wanted[0] for time in wanted], abs=0.001)
    assert closeness(frames, moving_square()) < 9


def test_a_cut_of_deeply_reordered_pictures_has_exactly_its_own(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mkv", rate=5, frames=60, b_frames=3, key_every=20, options=REORDERED)
    whole, times, _ = read(path)
    for start in (1.6, 7.0, 9.4):
        frames, pts, report = read(path, start_seconds=start)
        assert (pts, report.warnings) == (times[round(start * 5) :], [])
        assert (frames == whole[round(start * 5) :]).all()


@pytest.mark.parametrize("suffix", [".mkv", ".flv"])
def test_a_second_recording_behind_the_first_begins_where_that_ends(tmp_path: Path, suffix: str) -> None:
    once = make_clip(tmp_path / f"once{suffix}", rate=5, frames=20, b_frames=3, key_every=250, options=REORDERED)
    twice = tmp_path / f"twice{suffix}"
    twice.write_bytes(once.read_bytes() * 2)
    if suffix == ".flv":  # ffmpeg stops at a header in the middle; a stream that was interrupted has none
        twice.write_bytes(once.read_bytes() + once.read_bytes()[13:])
    _, pts, report = read(twice)
    base = probe(twice).time_base
    assert [(time - pts[0]) * base for time in pts] == [Fraction(number, 5) for number in range(40)]
    assert report.warnings == [f"{twice}: the clock starts again 1 times; the recordings were put one after the other."]


def test_times_of_a_variable_rate_are_kept_as_rationals(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "v.mp4", pts=[0, 10, 15, 40], time_base=Fraction(1, 1000))
    _, pts, _ = read(path)
    base = probe(path).time_base
    assert [time * base for time in pts] == [Fraction(ms, 1000) for ms in (0, 10, 15, 40)]


@pytest.mark.parametrize("size", [1, 5, 24, 100])
def test_the_batch_size_changes_nothing_but_the_batches(tmp_path: Path, size: int) -> None:
    path = make_clip(tmp_path / "a.mp4")
    with VideoReader(probe(path)) as reader:
        batches = list(reader.batches(size))
    assert [len(batch) for batch in batches[:-1]] == [size] * (len(batches) - 1)
    assert sum(len(batch) for batch in batches) == 24
    assert (np.concatenate([batch.frames for batch in batches]) == read(path, 3)[0]).all()


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts", "a.mpg"])
def test_start_and_end_are_exact_to_the_frame(tmp_path: Path, name: str) -> None:
    codec = {"codec": "mpeg2video"} if name.endswith("mpg") else {}
    path = make_clip(tmp_path / name, frames=150, rate=Fraction(25), key_every=50, size=(32, 32), **codec)
    whole, times, _ = read(path)
    base = probe(path).time_base
    for start, end in ((0.0, 0.2), (1.0, 1.2), (3.0, 3.4), (5.8, 9.0), (2.96, None)):
        frames, pts, report = read(path, start_seconds=start, end_seconds=end)
        wanted = [
            index
            for index, time in enumerate(times)
            if start - 1e-3 <= (time - times[0]) * base and (end is None or (time - times[0]) * base < end - 1e-3)
        ]
        assert pts == [times[index] for index in wanted]
        assert (frames == whole[wanted]).all()
        assert (report.frames, report.packets, report.warnings) == (len(wanted), len(wanted), [])


@pytest.mark.parametrize("key_every", [25, 2000])
def test_a_late_start_without_key_frames_nearby_is_exact_too(tmp_path: Path, key_every: int) -> None:
    path = make_clip(tmp_path / "a.ts", frames=800, rate=Fraction(25), size=(16, 16), key_every=key_every)
    whole, times, _ = read(path)
    frames, pts, report = read(path, start_seconds=30.0)
    assert (pts, report.frames, report.packets) == (times[750:], 50, 50)
    assert (frames == whole[750:]).all()


def test_a_range_that_holds_nothing_is_an_input_error(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4")
    with pytest.raises(InputError) as caught:
        read(path, start_seconds=50.0)
    assert str(caught.value) == (
        f"{path} gave no picture in the asked range: it lasts 1.00 s. Check --start and --end."
    )


def test_a_rotated_clip_comes_upright(tmp_path: Path) -> None:
    plain = read(make_clip(tmp_path / "plain.mp4", frames=3))[0]
    turned = read(make_clip(tmp_path / "turned.mp4", frames=3, rotation=90))[0]
    assert turned.shape == (3, 64, 48, 3)
    assert (turned == np.rot90(plain, -1, axes=(1, 2))).all()


def test_deep_clips_come_with_sixteen_bits(tmp_path: Path) -> None:
    frames, _, _ = read(make_clip(tmp_path / "deep.mp4", pixel_format="yuv420p10le", pictures=still((200, 100, 50))))
    assert frames.dtype == np.uint16
    assert np.abs(frames[0].reshape(-1, 3).mean(0) / 257 - (200, 100, 50)).max() < 2


@pytest.mark.parametrize(("matrix", "full_range"), [(1, False), (1, True), (6, False), (9, False)])
def test_colours_of_tagged_clips_are_right(tmp_path: Path, matrix: int, full_range: bool) -> None:
    colour = (220, 60, 30)
    path = make_clip(tmp_path / "c.mp4", frames=2, matrix=matrix, full_range=full_range, pictures=still(colour))
    assert np.abs(read(path)[0].reshape(-1, 3).mean(0) - colour).max() < 2.5


@pytest.mark.parametrize("share", [0.4, 0.6, 0.9])
@pytest.mark.parametrize("name", ["whole.mkv", "whole.ts", "front.mp4"])
def test_a_cut_off_file_gives_what_is_there_and_says_so(tmp_path: Path, name: str, share: float) -> None:
    whole = make_clip(
        tmp_path / name, frames=150, rate=Fraction(25), size=(128, 96), movflags="faststart" if "mp4" in name else ""
    )
    cut = make_truncated(whole, tmp_path / f"cut{whole.suffix}", share)
    frames, pts, report = read(cut)
    assert 150 * share * 0.5 < len(frames) < 150
    assert report.frames == report.packets
    assert pts == sorted(set(pts))
    sound = len(frames) - report.held - report.concealed
    assert closeness(frames[:sound], moving_square((128, 96))) < 9
    if not name.endswith("ts"):
        assert report.truncated and report.damaged
        assert "the file is incomplete" in report.warnings[-1] and str(cut) in report.warnings[-1]


def test_damaged_packets_are_concealed_or_held_but_never_skipped(tmp_path: Path) -> None:
    whole = make_clip(tmp_path / "whole.mp4", frames=60, size=(160, 120), key_every=15)
    with av.open(str(whole)) as container:
        places = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    content = bytearray(whole.read_bytes())
    for position, size in places[10:50:10]:
        content[position + 5 : position + size] = bytes(size - 5)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(content)
    frames, pts, report = read(broken)
    assert pts == demuxed_pts(whole)
    assert len(frames) == report.packets == 60
    assert report.held + report.concealed >= 4
    assert report.damaged and report.warnings
    assert all(str(broken) in text and text.endswith(".") for text in report.warnings)


def test_a_picture_that_changes_size_midway_is_scaled_and_told(tmp_path: Path) -> None:
    small = make_clip(tmp_path / "small.ts", size=(32, 24), frames=10, pictures=still((10, 200, 10), (32, 24)))
    large = make_clip(tmp_path / "large.ts", size=(64, 48), frames=10, pictures=still((200, 10, 10)))
    both = tmp_path / "both.ts"
    both.write_bytes(large.read_bytes() + small.read_bytes())
    frames, pts, report = read(both)
    assert frames.shape == (20, 48, 64, 3)
    assert np.abs(frames[-1].mean((0, 1)) - (10, 200, 10)).max() < 6
    assert pts == sorted(set(pts))
    assert f"{both}: 10 pictures of another size were scaled to 64x48." in report.warnings


def test_a_clock_that_starts_again_goes_on_where_it_was(tmp_path: Path) -> None:
    once = make_clip(tmp_path / "once.ts", frames=48)
    twice = tmp_path / "twice.ts"
    twice.write_bytes(once.read_bytes() * 2)
    frames, pts, report = read(twice)
    assert len(frames) == 96
    assert {later - earlier for earlier, later in pairwise(pts)} == {3750}
    assert report.warnings == [f"{twice}: the clock starts again 1 times; the recordings were put one after the other."]


def test_a_video_shorter_than_its_sound_is_not_called_incomplete(tmp_path: Path) -> None:
    short = make_clip(tmp_path / "short.mkv", frames=12)
    long = make_clip(tmp_path / "long.mkv", frames=96, audio=1)
    mixed = tmp_path / "mixed.mkv"
    with av.open(str(short)) as pictures, av.open(str(long)) as sound, av.open(str(mixed), "w") as target:
        streams = {
            target.add_stream_from_template(pictures.streams.video[0]): pictures.demux(video=0),
            target.add_stream_from_template(sound.streams.audio[0]): sound.demux(audio=0),
        }
        for stream, packets in streams.items():
            for packet in packets:
                if packet.size:
                    packet.stream = stream
                    target.mux(packet)
    _, _, report = read(mixed)
    assert (report.frames, report.truncated, report.warnings) == (12, False, [])


def test_reading_a_long_clip_takes_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    import tracemalloc

    peaks = []
    for frames in (40, 400):
        path = make_clip(
            tmp_path / f"{frames}.mp4", frames=frames, size=(160, 120), pictures=still((9, 9, 9), (160, 120))
        )
        tracemalloc.start()
        with VideoReader(probe(path)) as reader:
            assert sum(len(batch) for batch in reader.batches(8)) == frames
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0]


@pytest.mark.needs_data
def test_real_files_give_a_picture_for_every_packet(real_data: Path) -> None:
    held = {}
    for path in sorted((real_data / "awkward").iterdir()):
        if path.name in ("audio_only.mp4", "derived_empty_0bytes.mp4"):
            continue
        frames, pts, report = 0, [], None
        with VideoReader(probe(path)) as reader:
            for batch in reader.batches(8):
                frames += len(batch)
                pts += batch.pts
        report = reader.report
        assert frames == report.packets == len(set(pts)), path
        assert pts == sorted(pts), path
        if report.damaged:
            held[path.name] = (report.held, report.concealed, report.truncated)
    assert held == {"derived_truncated_60pct_flower.mp4": (1, 0, True)}


def test_the_file_is_free_again_after_reading(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", frames=4)
    read(path)
    shutil.move(path, tmp_path / "b.mp4")
    assert len(read(tmp_path / "b.mp4")[0]) == 4


@pytest.mark.parametrize(("codec", "suffix"), [("libvpx-vp9", ".webm"), ("libvpx", ".webm"), ("libvpx-vp9", ".mkv")])
def test_transparency_of_webm_lies_over_the_background(codec: str, suffix: str, tmp_path: Path) -> None:
    path = make_transparent_webm(tmp_path / f"a{suffix}", codec)
    clip = probe(path)
    assert clip.pixel_format == "yuva420p"
    with VideoReader(clip, background=(255, 0, 0)) as reader:
        batches = list(reader.batches(1))
    assert [batch.pts[0] for batch in batches] == [0, 42, 83]
    assert (reader.report.packets, reader.report.frames, reader.report.warnings) == (3, 3, [])
    for batch in batches:
        assert np.abs(batch.frames[0, 4:-4, 4:28].astype(int) - (255, 0, 0)).max() < 6
        assert np.abs(batch.frames[0, 4:-4, 36:60].astype(int) - 200).max() < 6


def test_text_that_begins_late_in_flv_is_told_of_and_kept_by_the_way_that_is_named(tmp_path: Path) -> None:
    texts, source, converted = tmp_path / "a.srt", tmp_path / "a.flv", tmp_path / "b.mkv"
    texts.write_text("1\n00:00:12,000 --> 00:00:12,600\nHello\n\n")
    picture = ("-f", "lavfi", "-i", "color=s=32x32:r=10:d=14", "-i", str(texts), "-map", "0", "-map", "1")
    program(*picture, "-c:v", "flv1", "-c:s", "text", str(source))
    with VideoReader(probe(source)) as reader:
        assert len(list(reader.pictures())) == 140
    (warning,) = reader.report.warnings
    _, command = warning.rstrip(".").split("ffmpeg ")
    program(*command.replace("FILE", str(source)).replace("NEW.mkv", str(converted)).split())
    assert [stream.kind for stream in probe(converted).streams] == ["video", "subtitle"]
