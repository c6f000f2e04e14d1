"""Every kind of file gives a right result or one clear error, in every container and codec."""

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest

from tests.clicks import make_clicks, program
from tests.clips import make_clip
from tests.numbered import durations_in, numbered, numbers_in
from tests.packets import complaints, tracks, video_times
from tests.pipeline import passed_through
from vidstyle.errors import InputError
from vidstyle.media.codecs import CODECS, CONTAINERS
from vidstyle.media.probe import probe
from vidstyle.render.settings import RenderSettings
from vidstyle.render.stage import run

Fast = Callable[..., RenderSettings]
PRESETS = {"libsvtav1": "12", "libvpx-vp9": "8", "prores_ks": None, "ffv1": None}
PAIRS = [(name, suffix) for name, codec in CODECS.items() for suffix in CONTAINERS if suffix[1:] in codec.containers]


@pytest.mark.parametrize(("codec", "suffix"), PAIRS)
def test_each_codec_holds_odd_sizes_and_sound_in_each_of_its_containers(
    fast: Fast, tmp_path: Path, codec: str, suffix: str
) -> None:
    source = make_clip(tmp_path / "a.mkv", size=(131, 97), pixel_format="yuv444p", frames=5, audio=1)
    result = run(source, tmp_path / f"out{suffix}", fast(codec=codec, preset=PRESETS.get(codec, "ultrafast"), crf=30))
    clip = probe(tmp_path / f"out{suffix}")
    assert (clip.width, clip.height) == (131, 97)
    assert [stream.kind for stream in clip.streams] == ["video", "audio"]
    assert result.counts["frames"] == len(video_times(tmp_path / f"out{suffix}")) == 5
    times = zip(video_times(tmp_path / f"out{suffix}"), video_times(source), strict=True)
    assert all(abs(time - before) <= Fraction(1, 1000) for time, before in times)
    assert complaints(tmp_path / f"out{suffix}") == ""


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(30000, 1001), Fraction(25)])
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_a_cut_named_by_frames_has_exactly_those(fast: Fast, tmp_path: Path, name: str, rate: Fraction) -> None:
    base = Fraction(1, 1000) if name == "a.mkv" else Fraction(1, rate.numerator)
    times = [round(n / rate / base) for n in range(60)]
    source = make_clip(tmp_path / name, rate=rate, pts=times, time_base=base)
    for first, last in ((1, 4), (29, 31), (47, 60)):
        start, end = round(float(first / rate), 6), round(float(last / rate), 6)
        run(source, tmp_path / "out.mp4", fast(start=start, end=end, overwrite=True))
        wanted = [(time - times[first]) * base for time in times[first:last]]
        assert video_times(tmp_path / "out.mp4") == wanted


def test_a_cut_between_uneven_times_begins_with_the_next(fast: Fast, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", pts=[0, 30, 90, 100, 400, 410], time_base=Fraction(1, 1000))
    run(source, tmp_path / "out.mp4", fast(start=0.031, end=0.405))
    assert video_times(tmp_path / "out.mp4") == [0, Fraction(10, 1000), Fraction(310, 1000)]
    run(source, tmp_path / "all.mp4", fast(end=99.0))
    assert video_times(tmp_path / "all.mp4") == video_times(source)


def test_reordered_pictures_in_avi_are_even_again(fast: Fast, tmp_path: Path) -> None:
    plain = make_clip(tmp_path / "a.mp4", b_frames=3, frames=30, options={"preset": "medium"})
    program("-i", str(plain), "-c", "copy", str(tmp_path / "a.avi"))
    result = run(tmp_path / "a.avi", tmp_path / "out.mp4", fast())
    assert (result.counts["frames"], result.counts["held"], result.warnings) == (30, 0, ())
    times = video_times(tmp_path / "out.mp4")
    steps = {later - earlier for earlier, later in pairwise(times)}
    assert steps == {Fraction(1, 24)}
    assert durations_in(tmp_path / "out.mp4")[-1] == Fraction(1, 24)


def with_empty_chunks(source: Path, target: Path, after: tuple[int, ...]) -> Path:
    """Copy an AVI, with two empty chunks after these packets: frames that were dropped."""
    with av.open(str(source)) as read, av.open(str(target), "w") as written:
        stream = read.streams.video[0]
        copied = written.add_stream_from_template(stream, opaque=True)
        packets = [packet for packet in read.demux(stream) if packet.size]
        for number, packet in enumerate(packets):
            copy = av.Packet(bytes(packet))
            copy.stream, copy.time_base, copy.is_keyframe = copied, stream.time_base, packet.is_keyframe
            copy.pts = copy.dts = number + 2 * sum(place < number for place in after)
            written.mux(copy)
    return target


@pytest.mark.parametrize("offset", [0, 3])
def test_reordered_pictures_in_avi_with_dropped_frames_come_once_and_in_order(tmp_path: Path, offset: int) -> None:
    plain = make_clip(
        tmp_path / ("a.mp4" if offset else "a.avi"), rate=10, frames=20, options={"preset": "medium"}, pictures=numbered
    )
    source = tmp_path / "source.avi"
    if offset:
        program("-itsoffset", str(offset), "-i", str(plain), "-c", "copy", str(source))
    else:
        with_empty_chunks(plain, source, after=(4, 9))
    report = passed_through(source, tmp_path / "out.mp4")
    assert (report.packets, report.frames, report.held, report.warnings) == (20, 20, 0, [])
    assert numbers_in(tmp_path / "out.mp4") == list(range(20))
    tenths = [
        round((time - video_times(tmp_path / "out.mp4")[0]) * 10, 3) for time in video_times(tmp_path / "out.mp4")
    ]
    dropped = [0, 1, 2, 3, *range(6, 11), *range(13, 24)]
    assert tenths == (list(range(20)) if offset else dropped)
    assert durations_in(tmp_path / "out.mp4")[-1] == Fraction(1, 10)


def test_an_encrypted_file_is_refused_and_leaves_nothing(fast: Fast, tmp_path: Path) -> None:
    plain, locked = make_clip(tmp_path / "plain.mp4", frames=4), tmp_path / "locked.mp4"
    key = ["-encryption_scheme", "cenc-aes-ctr", "-encryption_key", "7" * 32, "-encryption_kid", "a" * 32]
    program("-i", str(plain), "-c", "copy", *key, str(locked))
    with pytest.raises(InputError) as caught:
        run(locked, tmp_path / "new" / "out.mp4", fast())
    assert str(caught.value) == (
        f"{locked} is encrypted (copy protection), its pictures cannot be read. Give a file without it."
    )
    assert not (tmp_path / "new").exists()


def test_a_codec_that_nobody_knows_is_named_so(fast: Fast, tmp_path: Path) -> None:
    content = make_clip(tmp_path / "a.mp4", frames=4).read_bytes()
    strange = tmp_path / "strange.mp4"
    strange.write_bytes(content.replace(b"avc1", b"zzzz"))
    with pytest.raises(InputError) as caught:
        run(strange, tmp_path / "out.mp4", fast())
    assert str(caught.value) == f"{strange} holds video in a codec that is not known here. Convert it first."


def test_sound_that_nobody_knows_is_left_out_with_a_warning(fast: Fast, tmp_path: Path) -> None:
    content = make_clip(tmp_path / "a.mkv", frames=4, audio=1).read_bytes()
    strange = tmp_path / "strange.mkv"
    strange.write_bytes(content.replace(b"A_OPUS", b"A_ZZZZ"))
    result = run(strange, tmp_path / "out.mp4", fast())
    assert result.warnings == (f"{strange}: sound track 1 (unknown) is left out: mp4 cannot hold it.",)
    assert [stream.kind for stream in probe(tmp_path / "out.mp4").streams] == ["video"]


@pytest.mark.parametrize("name", ["a b%20%d", 'it\'s "quoted"', "-dash", "ünï код 日本", "x:y|z", "[a]{b}*?", "a\nb"])
def test_names_are_only_names_for_source_and_result(fast: Fast, tmp_path: Path, name: str) -> None:
    source = make_clip(tmp_path / "plain.mp4", frames=3, audio=1).rename(tmp_path / f"{name}.mp4")
    run(source, tmp_path / f"{name}.mkv", fast())
    assert len(tracks(tmp_path / f"{name}.mkv", "audio")) == 1
    assert {path.name for path in tmp_path.iterdir()} == {f"{name}.mp4", f"{name}.mkv"}


def test_a_broadcast_clock_does_not_make_the_viewer_wait(fast: Fast, tmp_path: Path) -> None:
    source = make_clicks(tmp_path / "a.ts", "mp2", seconds=1, options=("-output_ts_offset", "50000"))
    run(source, tmp_path / "out.mp4", fast())
    before, after = video_times(source), video_times(tmp_path / "out.mp4")
    assert before[0] > 50_000 and after[0] < 1
    assert [time - after[0] for time in after] == [time - before[0] for time in before]


AWKWARD: dict[str, tuple[tuple[int, int], int, int]] = {
    "2x2.mp4": ((2, 2), 1, 0),
    "alpha_vp9.webm": ((200, 200), 1, 0),
    "corrupt_mdat_too_long.mp4": ((1080, 720), 1, 0),
    "derived_interlaced_tff_mpeg2.mpg": ((320, 240), 1, 0),
    "derived_odd_333x187_noaudio.mp4": ((333, 187), 0, 0),
    "derived_truncated_60pct_flower.mp4": ((960, 540), 1, 0),
    "derived_two_audio_eng_fra.mkv": ((960, 540), 2, 0),
    "flv_vfr_timebase.flv": ((1080, 720), 1, 0),
    "full_range_bt709.mp4": ((1280, 720), 0, 0),
    "h263_sar12-11_vfr.3gp": ((352, 288), 1, 0),
    "h264_10bit_200x200.mp4": ((200, 200), 0, 0),
    "hdr10_av1_10bit.mp4": ((1920, 1080), 1, 0),
    "mpeg4_avi.avi": ((960, 400), 1, 0),
    "nasa_6streams_multiaudio_subs.mp4": ((480, 270), 2, 2),
    "no_duration.webm": ((1280, 720), 1, 0),
    "resolution_change_midstream.webm": ((400, 300), 0, 0),
    "rot90_hevc_yuvj_metadata_track.mp4": ((1080, 1920), 1, 0),
    "rotmeta_plus90_vfr_352x288.mp4": ((288, 352), 1, 0),
    "ssa_subs.mkv": ((1080, 720), 1, 1),
    "vfr_slowmotion.mp4": ((160, 120), 0, 0),
}
"""Size, sound tracks and subtitle tracks of the result; the rest are refused."""
REFUSED = {
    "audio_only.mp4": "has no video stream (found: audio). Give a video file.",
    "derived_empty_0bytes.mp4": "is empty (0 bytes). Copy or download it again.",
}
LEFT_OUT = {
    "nasa_6streams_multiaudio_subs.mp4": "video track 0 (h264, eng) is left out: only one video track is painted.",
    "rot90_hevc_yuvj_metadata_track.mp4": "data track 0 (unknown, eng) is left out: mp4 cannot hold it.",
}


@pytest.mark.needs_data
def test_no_awkward_file_is_forgotten(real_data: Path) -> None:
    assert {path.name for path in (real_data / "awkward").iterdir()} == {*AWKWARD, *REFUSED}


@pytest.mark.needs_data
@pytest.mark.parametrize("name", AWKWARD)
def test_the_beginning_of_each_awkward_file_is_rendered_right(
    fast: Fast, tmp_path: Path, real_data: Path, name: str
) -> None:
    source, target = real_data / "awkward" / name, tmp_path / "out.mp4"
    size, sounds, subtitles = AWKWARD[name]
    result = run(source, target, fast(end=0.07))
    clip, before = probe(target), probe(source)
    times = video_times(source, [stream.index for stream in before.of_kind("video")].index(before.video_index))
    assert video_times(target) == [time for time in times if time - times[0] < Fraction(7, 100)]
    assert (clip.width, clip.height, clip.sample_aspect) == (*size, before.upright_aspect)
    assert (clip.rotation, clip.interlaced) == (0, False)
    assert [len(clip.of_kind(kind)) for kind in ("audio", "subtitle")] == [sounds, subtitles]
    left_out = [LEFT_OUT[name]] if name in LEFT_OUT else []
    assert [text.removeprefix(f"{source}: ") for text in result.warnings] == left_out
    assert complaints(target) == ""


@pytest.mark.needs_data
@pytest.mark.parametrize("name", REFUSED)
def test_what_holds_no_video_is_refused_in_one_line(fast: Fast, tmp_path: Path, real_data: Path, name: str) -> None:
    with pytest.raises(InputError) as caught:
        run(real_data / "awkward" / name, tmp_path / "out.mp4", fast())
    assert str(caught.value) == f"{real_data / 'awkward' / name} {REFUSED[name]}"


@pytest.mark.needs_data
@pytest.mark.parametrize(
    ("name", "exit_code", "said"),
    [
        ("resolution_change_midstream.webm", 0, "pictures of another size were scaled to 400x300."),
        ("derived_truncated_60pct_flower.mp4", 6, "the file is incomplete"),
    ],
)
def test_what_shows_only_later_in_a_file_is_told(
    fast: Fast, tmp_path: Path, real_data: Path, name: str, exit_code: int, said: str
) -> None:
    result: Any = run(real_data / "awkward" / name, tmp_path / "out.mp4", fast(outscale=0.1, start=1.0))
    assert any(said in text for text in result.warnings)
    assert result.details["exit_code"] == exit_code
    assert len(video_times(tmp_path / "out.mp4")) == result.counts["frames"] == result.counts["packets"]
