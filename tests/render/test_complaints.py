"""What is damaged or coded oddly in converted sound and subtitles is kept as far as it goes, and said."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import av
import imageio_ffmpeg
import pytest

from tests.clicks import program
from tests.clips import make_clip
from tests.media.muxing.test_closed_captions import TEXT, captioned, captions_in
from vidstyle.media.complaints import of_converted
from vidstyle.media.tracks import Track
from vidstyle.render.settings import RenderSettings
from vidstyle.render.stage import run

Fast = Callable[..., RenderSettings]
PICTURE = ("-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=1")


@pytest.mark.parametrize(
    ("sound", "coded"),
    [
        ("mp3", ("libmp3lame",)),
        ("dts", ("dca", "-strict", "-2")),
        ("ac3", ("ac3",)),
    ],
)
def test_damaged_sound_that_is_converted_is_told_of(fast: Fast, tmp_path: Path, sound: str, coded: tuple[str]) -> None:
    whole, hurt = tmp_path / "whole.mkv", tmp_path / f"{sound}.mkv"
    program(*PICTURE, "-f", "lavfi", "-i", "sine=d=1:r=48000", "-c:v", "libx264", "-c:a", *coded, f"file:{whole}")
    each_seventh = r"noise=amount=10*eq(mod(n\,7)\,6)"
    program("-i", f"file:{whole}", "-c", "copy", "-bsf:a", each_seventh, f"file:{hurt}")
    result = run(hurt, tmp_path / "out.webm", fast(size=16, preset="8"))
    assert any("a converted sound or subtitle track is damaged" in text for text in result.warnings)
    result = run(whole, tmp_path / "whole.webm", fast(size=16, preset="8"))
    assert result.warnings == ()


def with_subtitles(path: Path, line: str, coded: bytes, language: str = "und") -> Path:
    """Write a clip with two lines of SubRip; the second one holds the bytes `coded` instead of `line`, which is as long."""
    text = path.with_suffix(".srt")
    text.write_text(f"1\n00:00:00,100 --> 00:00:00,400\nPlain\n\n2\n00:00:00,500 --> 00:00:00,900\n{line}\n")
    tagged = ("-metadata:s:s:0", f"language={language}")
    program(*PICTURE, "-i", f"file:{text}", "-c:v", "libx264", "-c:s", "srt", *tagged, f"file:{path}")
    content = path.read_bytes()
    assert content.count(line.encode()) == 1
    path.write_bytes(content.replace(line.encode(), coded))
    return path


def lines_of(path: Path) -> list[str]:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(path), "-map", "0:s:0", "-f", "srt", "-"]
    text = subprocess.run(command, check=True, capture_output=True).stdout.decode()
    return [block.splitlines()[2] for block in text.strip().split("\n\n")]


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".webm"])
def test_subrip_that_is_not_utf8_is_read_as_it_is_usually_coded_and_said(
    fast: Fast, tmp_path: Path, suffix: str
) -> None:
    source = with_subtitles(tmp_path / "a.mkv", "cafe au lait x", "café au lait x".encode("cp1252"))
    preset = "8" if suffix == ".webm" else "ultrafast"
    result = run(source, tmp_path / f"out{suffix}", fast(size=16, preset=preset))
    assert lines_of(tmp_path / f"out{suffix}") == ["Plain", "café au lait x"]
    assert result.warnings == (
        f"{source}: a converted sound or subtitle track is damaged: subtitle track 1 is not UTF-8, it was read as CP1252",
    )


def test_the_language_of_subtitles_tells_their_usual_encoding(fast: Fast, tmp_path: Path) -> None:
    source = with_subtitles(tmp_path / "a.mkv", "Privet, mir", "Привет, мир".encode("cp1251"), "rus")
    result = run(source, tmp_path / "out.mp4", fast(size=16))
    assert lines_of(tmp_path / "out.mp4") == ["Plain", "Привет, мир"]
    assert "read as CP1251" in result.warnings[0]


def test_subtitles_of_which_no_line_is_utf8_are_read_too(fast: Fast, tmp_path: Path) -> None:
    source = with_subtitles(tmp_path / "a.mkv", "Privet, mir", "Привет, мир".encode("cp1251"), "rus")
    source.write_bytes(source.read_bytes().replace(b"Plain", "Слово".encode("cp1251")))
    result = run(source, tmp_path / "out.mp4", fast(size=16))
    assert lines_of(tmp_path / "out.mp4") == ["Слово", "Привет, мир"]
    assert "read as CP1251" in result.warnings[0]


def test_subtitles_that_no_encoding_fits_are_told_of_and_stop_nothing(fast: Fast, tmp_path: Path) -> None:
    source = with_subtitles(
        tmp_path / "a.mkv", "Konnichiwa, sekai", b"\xff\xfe\x80\xff\xfe\x80 \xff\xff\xff" + b"\xff" * 7, "jpn"
    )
    source.write_bytes(source.read_bytes().replace(b"Plain", b"\xff\xfe\x80\xff\xff"))
    result = run(source, tmp_path / "out.mp4", fast(size=16))
    assert (tmp_path / "out.mp4").is_file()
    assert "a converted sound or subtitle track is damaged" in result.warnings[0]


@pytest.mark.parametrize("cut", [{}, {"end": 0.5}])
def test_a_subtitle_that_is_shown_for_hours_is_kept(fast: Fast, tmp_path: Path, cut: dict[str, float]) -> None:
    text, source = tmp_path / "a.srt", tmp_path / "a.mkv"
    text.write_text("1\n00:00:00,120 --> 03:00:00,000\nWatermark\n")
    program(*PICTURE, "-i", f"file:{text}", "-c:v", "libx264", "-c:s", "srt", f"file:{source}")
    run(source, tmp_path / "out.mp4", fast(size=16, **cut))
    with av.open(str(tmp_path / "out.mp4")) as result:
        shown = [(packet.pts or 0, packet.duration or 0) for packet in result.demux(subtitles=0) if packet.size > 2]
        ticks = result.streams.subtitles[0].time_base or 1
    end = cut.get("end", 3 * 3600)
    assert [(float(pts * ticks), float((pts + duration) * ticks)) for pts, duration in shown] == [(0.12, end)]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_sound_with_a_packet_that_cannot_be_copied_is_converted_and_said(
    fast: Fast, tmp_path: Path, suffix: str
) -> None:
    source = make_clip(tmp_path / "broadcast.ts", frames=24, audio=1)
    content = bytearray(source.read_bytes())
    heads = [place for place in range(len(content) - 1) if content[place] == 0xFF and content[place + 1] == 0xF1]
    content[heads[len(heads) // 2] + 1] = 0
    source.write_bytes(content)
    result = run(source, tmp_path / f"out{suffix}", fast(size=16))
    fallback = {".mp4": "aac", ".mkv": "flac"}[suffix]
    assert f"becomes {fallback}: it is damaged, and cannot be copied." in result.warnings[0]
    with av.open(str(tmp_path / f"out{suffix}")) as written:
        assert written.streams.audio[0].codec_context.name == fallback
        assert sum(frame.samples for frame in written.decode(audio=0)) > 0.8 * 48000


def test_subrip_in_utf8_is_told_of_by_nobody(fast: Fast, tmp_path: Path) -> None:
    source = with_subtitles(tmp_path / "a.mkv", "cafe au lait", "café a lait".encode())
    assert run(source, tmp_path / "out.mp4", fast(size=16)).warnings == ()
    assert lines_of(tmp_path / "out.mp4") == ["Plain", "café a lait"]


def test_complaints_are_those_of_converted_tracks_whatever_their_decoder_is_called() -> None:
    speech, copied = Track(2, "audio", "amr_nb", "aac", {}), Track(3, "audio", "mp3", "copy", {})
    told = [
        "[amrnb @ 0x1] Note: libopencore_amrnb supports only mono",
        "[libopencore-amrnb @ 0x1] a library",
        "[aist#1:2/amr_nb @ 0x1] [dec:whatever @ 0x2] Error submitting packet to decoder",
        "Error while decoding stream #1:2: Invalid data",
    ]
    others = [
        "[aist#1:3/mp3 @ 0x1] a copied track",
        "[mp3float @ 0x1] a copied track",
        "[aist#1:25/mp3 @ 0x1] another track",
        "[mp4 @ 0x1] the muxer",
    ]
    assert of_converted([*told, *others], [speech, copied]) == [told[0], *told[2:]]
    assert of_converted(told, [copied]) == []


def test_captions_that_an_encoder_does_not_write_are_told_of(fast: Fast, tmp_path: Path) -> None:
    source = captioned(tmp_path / "a.mp4")
    result = run(source, tmp_path / "out.webm", fast(size=16, preset="8"))
    assert result.warnings == (
        f"{source}: closed captions are left out: libvpx-vp9 does not write them, --codec libx264 or libx265 does.",
    )
    assert run(source, tmp_path / "out.mp4", fast(size=16)).warnings == ()
    assert captions_in(tmp_path / "out.mp4") == TEXT
