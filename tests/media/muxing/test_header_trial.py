"""What ffmpeg refuses to write is known before a frame is painted: it is converted, or left out and named."""

from pathlib import Path

import av
import pytest

from tests.clicks import heard, program
from tests.packets import video_times
from tests.pipeline import passed_with_complaints
from vidstyle.media.codecs import container_of
from vidstyle.media.muxing.header_trial import admitted
from vidstyle.media.probe import probe
from vidstyle.media.tracks import TrackPlan, plan_tracks

PICTURES = ("-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=0.4")
TONE = ("-f", "lavfi", "-i", "sine=r=48000:d=0.4")


def made(path: Path, *options: str) -> Path:
    program(*PICTURES, *TONE, *options, "-strict", "-2", str(path))
    return path


def planned(source: Path, suffix: str) -> TrackPlan:
    clip, container = probe(source), container_of(Path(f"out{suffix}"))
    return admitted(plan_tracks(clip, container, audio=True, subtitles=True), clip, container)


@pytest.mark.parametrize(
    ("name", "codec", "options", "suffix", "encoder"),
    [
        (
            "a.3gp",
            "amr_nb",
            ("-c:a", "libopencore_amrnb", "-ar", "8000", "-ac", "1", "-b:a", "12200", "-c:v", "mpeg4"),
            ".mp4",
            "aac",
        ),
        (
            "a.3gp",
            "amr_nb",
            ("-c:a", "libopencore_amrnb", "-ar", "8000", "-ac", "1", "-b:a", "12200", "-c:v", "mpeg4"),
            ".mkv",
            "copy",
        ),
        ("a.vob", "pcm_dvd", (), ".mkv", "flac"),
        ("a.m2ts", "pcm_bluray", (), ".mkv", "flac"),
        ("a.ts", "s302m", ("-ac", "2"), ".mkv", "flac"),
        ("a.mov", "pcm_s8", (), ".mkv", "flac"),
        ("a.mov", "pcm_f64be", (), ".mkv", "flac"),
        ("a.mov", "adpcm_ima_qt", (), ".mkv", "flac"),
        ("a.nut", "pcm_s16le_planar", (), ".mkv", "flac"),
        ("a.flv", "nellymoser", ("-ar", "22050"), ".mkv", "flac"),
        ("a.flv", "adpcm_swf", ("-ar", "44100"), ".mkv", "flac"),
        ("a.mov", "pcm_f64be", (), ".mp4", "aac"),
        ("a.mkv", "truehd", ("-ac", "2"), ".mkv", "copy"),
    ],
)
def test_sound_that_the_container_refuses_is_converted_with_a_note(
    tmp_path: Path, name: str, codec: str, options: tuple[str, ...], suffix: str, encoder: str
) -> None:
    source = made(tmp_path / name, "-c:a", codec, *options)
    plan = planned(source, suffix)
    assert [(track.codec, track.encoder) for track in plan.tracks] == [(codec, encoder)]
    number = plan.tracks[0].index
    became = f"{source}: sound track {number} ({codec}) becomes {encoder}: {suffix[1:]} does not hold it as it is."
    assert (plan.notices, plan.warnings) == (() if encoder == "copy" else (became,), ())


@pytest.mark.parametrize(
    ("layout", "codec", "suffix", "encoder", "mixed"),
    [
        ("5.1(side)", "pcm_f64be", ".mp4", "aac", ""),
        ("octagonal", "pcm_f64be", ".mov", "aac", ""),
        ("5.1.2", "pcm_f64be", ".mp4", "aac", "5.1"),
        ("cube", "pcm_f64be", ".mov", "aac", "5.0"),
        ("22.2", "pcm_s8", ".mp4", "aac", "7.1"),
        ("16c", "pcm_s8", ".mkv", "flac", "7.1"),
        ("7.1.4", "pcm_f64be", ".webm", "libopus", ""),
    ],
)
def test_sound_in_a_layout_that_the_encoder_lacks_is_mixed_into_a_usual_one(
    tmp_path: Path, layout: str, codec: str, suffix: str, encoder: str, mixed: str
) -> None:
    source, target = (
        made(tmp_path / "a.mov", "-c:a", codec, "-af", f"pan={layout}|c0=c0|c1=c0"),
        tmp_path / f"out{suffix}",
    )
    plan = planned(source, suffix)
    assert [track.encoder for track in plan.tracks] == [encoder]
    assert [f"is mixed into a usual channel layout, {encoder} does" in warning for warning in plan.warnings] == (
        [True] if mixed else []
    )
    assert passed_with_complaints(source, target)[1] == []
    samples = heard(target)
    assert sum(len(mono) for _, mono, _ in samples) / 48000 == pytest.approx(0.4, abs=0.03)
    assert max(abs(mono).max() for _, mono, _ in samples) > 0.01
    with av.open(str(target)) as container:
        assert not mixed or container.streams.audio[0].layout.name == mixed


def test_sound_that_cannot_even_be_converted_is_left_out_with_the_reason(tmp_path: Path) -> None:
    source = made(tmp_path / "a.mov", "-c:a", "pcm_s8", "-ar", "2000000")
    plan = planned(source, ".mkv")
    assert plan.tracks == ()
    left_out = f"{source}: sound track 1 (pcm_s8) is left out: mkv cannot hold it (2000000 Hz not supported)."
    assert plan.warnings == (left_out,)


@pytest.mark.parametrize(("kind", "suffix"), [("gif", ".mp4"), ("tiff", ".mkv")])
def test_a_cover_that_no_container_holds_is_left_out_and_the_sound_stays(
    tmp_path: Path, kind: str, suffix: str
) -> None:
    cover, source = tmp_path / f"cover.{kind}", tmp_path / "a.mkv"
    program("-f", "lavfi", "-i", "color=red:s=16x16", "-frames:v", "1", str(cover))
    attached = ("-attach", str(cover), "-metadata:s:t", f"mimetype=image/{kind}", "-metadata:s:t", "filename=c")
    made(source, *attached)
    plan = planned(source, suffix)
    assert [track.kind for track in plan.tracks] == ["audio"]
    assert plan.warnings == (f"{source}: video track 2 ({kind}) is left out: {suffix[1:]} cannot hold it.",)


@pytest.mark.parametrize(("kind", "codec"), [("png", "png"), ("bmp", "bmp"), ("jpg", "mjpeg")])
def test_quicktime_keeps_no_cover_and_the_container_that_does_is_named(tmp_path: Path, kind: str, codec: str) -> None:
    cover, source = tmp_path / f"cover.{kind}", tmp_path / "a.mp4"
    program("-f", "lavfi", "-i", "color=red:s=16x16", "-frames:v", "1", str(cover))
    shown = ("-map", "0", "-map", "1", "-c:v:1", "copy", "-disposition:v:1", "attached_pic")
    program(*PICTURES, "-i", str(cover), *shown, str(source))
    left_out = f"{source}: video track 1 ({codec}) is left out: mov cannot hold it. Choose .mp4 to keep it."
    assert planned(source, ".mov").warnings == (left_out,)
    assert passed_with_complaints(source, tmp_path / "out.mp4")[1] == []
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert [stream.codec_context.name for stream in container.streams.video] == ["h264", codec]


def packets_of(stream: Path) -> tuple[list[bytes], list[bytes]]:
    """Return the packets of a transport stream that are not of its sound, PID 0x101, and those that are."""
    content = made(stream, "-c:a", "aac").read_bytes()
    packets = [content[start : start + 188] for start in range(0, len(content), 188)]
    of_sound = [packet[1] & 31 == 1 and packet[2] == 1 for packet in packets]
    others = [packet for packet, is_sound in zip(packets, of_sound, strict=True) if not is_sound]
    return others, [packet for packet, is_sound in zip(packets, of_sound, strict=True) if is_sound]


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])
def test_a_track_that_is_announced_and_empty_is_left_out_with_a_note(tmp_path: Path, suffix: str) -> None:
    source = tmp_path / "a.ts"
    source.write_bytes(b"".join(packets_of(tmp_path / "whole.ts")[0]))
    plan = planned(source, suffix)
    assert plan.tracks == plan.warnings == ()
    assert plan.notices == (f"{source}: sound track 1 (aac) is left out: it is announced, and holds no sound.",)


@pytest.mark.parametrize(("suffix", "encoder"), [(".mp4", "copy"), (".mkv", "copy"), (".webm", "libopus")])
def test_sound_that_begins_far_into_the_file_is_kept(tmp_path: Path, suffix: str, encoder: str) -> None:
    source = tmp_path / "a.ts"
    others, sound = packets_of(tmp_path / "whole.ts")
    pictures = b"".join(others)
    source.write_bytes(pictures * (6_000_000 // len(pictures) + 1) + b"".join(sound))
    plan = planned(source, suffix)
    assert int(plan.reading["probesize"]) > 6_000_000
    assert [(track.codec, track.encoder) for track in plan.tracks] == [("aac", encoder)]
    assert plan.warnings == ()


def test_sound_that_cannot_be_moved_onto_one_clock_is_left_out_and_the_pictures_come(tmp_path: Path) -> None:
    part, source, target = tmp_path / "part.ts", tmp_path / "a.ts", tmp_path / "out.mkv"
    tone = ("-f", "lavfi", "-i", "sine=r=48000:d=1.2")
    program(
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=64x48:r=5:d=1.2",
        *tone,
        "-ac",
        "2",
        "-c:a",
        "s302m",
        "-strict",
        "-2",
        str(part),
    )
    source.write_bytes(part.read_bytes() * 2)
    report, complaints = passed_with_complaints(source, target)
    assert (report.restarts, len(video_times(target))) == (1, 12)
    assert complaints == ["sound track 1 (s302m) is left out: its clock starts again, and it cannot be moved."]
