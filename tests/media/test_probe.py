"""What probing tells of a file, and how it refuses."""

from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import pytest
from PIL import Image

from tests.clips import make_audio_only, make_clip, make_empty_file, make_text_file, still
from tests.odd_exif import TURNED, exif_of
from vidstyle.errors import ExitCode, InputError
from vidstyle.media.clip import Colour
from vidstyle.media.images import write_image
from vidstyle.media.probe import probe
from vidstyle.media.read import VideoReader


def test_a_plain_clip_is_described_exactly(tmp_path: Path) -> None:
    clip = probe(make_clip(tmp_path / "plain.mp4", size=(64, 48), frames=24, rate=Fraction(24)))
    assert (clip.width, clip.height, clip.rotation, clip.bit_depth) == (64, 48, 0, 8)
    assert (clip.frame_rate, clip.duration, clip.frames) == (Fraction(24), Fraction(1), 24)
    assert clip.colour == Colour(chroma_location="left")
    assert clip.pixel_format == "yuv420p"
    assert not clip.interlaced


@pytest.mark.parametrize("degrees", [90, 180, 270])
@pytest.mark.parametrize("container", ["mp4", "mkv"])
def test_rotation_is_the_clockwise_turn_that_makes_it_upright(tmp_path: Path, degrees: int, container: str) -> None:
    clip = probe(make_clip(tmp_path / f"turned.{container}", rotation=degrees, frames=3))
    assert clip.rotation == degrees
    assert clip.upright_size == ((64, 48) if degrees == 180 else (48, 64))


def test_sample_aspect_odd_size_depth_colour_and_field_coding_are_told(tmp_path: Path) -> None:
    assert probe(make_clip(tmp_path / "a.mp4", frames=2, sample_aspect=Fraction(4, 3))).sample_aspect == Fraction(4, 3)
    odd = probe(make_clip(tmp_path / "b.mp4", frames=2, size=(33, 17), pixel_format="yuv444p"))
    assert (odd.width, odd.height) == (33, 17)
    assert probe(make_clip(tmp_path / "c.mp4", frames=2, pixel_format="yuv420p10le")).bit_depth == 10
    colour = probe(make_clip(tmp_path / "d.mp4", frames=2, matrix=1, full_range=True)).colour
    assert (colour.matrix, colour.full_range) == (1, True)
    assert probe(make_clip(tmp_path / "e.mp4", frames=2, interlaced=True)).interlaced


def test_all_streams_are_listed_with_their_languages(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "many.mkv", frames=12, audio=2, subtitles=1, languages=("eng", "fra"))
    clip = probe(path)
    assert [stream.language for stream in clip.of_kind("audio")] == ["eng", "fra"]
    assert [stream.language for stream in clip.of_kind("subtitle")] == ["eng"]
    assert clip.video_index == 0


@pytest.mark.parametrize("name", ["a clip.mp4", "100%.mp4", "te[s]t.mp4", "part:1.mp4", "-dash-.mp4", "ünïcode.mp4"])
def test_odd_file_names_are_only_names(tmp_path: Path, name: str) -> None:
    plain = make_clip(tmp_path / "plain.mp4", frames=2)
    assert probe(plain.rename(tmp_path / name)).frames == 2


def test_files_without_video_are_refused_in_one_line_each(tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    write_image(picture, still((9, 9, 9))(0))
    refused = {
        tmp_path / "none.mp4": f"There is no file {tmp_path / 'none.mp4'}. Check the path.",
        tmp_path: f"{tmp_path} is a folder, not a video file. Give a file in it.",
        make_empty_file(tmp_path / "empty.mp4"): (
            f"{tmp_path / 'empty.mp4'} is empty (0 bytes). Copy or download it again."
        ),
        make_text_file(tmp_path / "fake.mp4"): (
            f"{tmp_path / 'fake.mp4'} is not a video that can be read: "
            "invalid data found when processing input. Check the file."
        ),
        make_audio_only(tmp_path / "sound.m4a"): (
            f"{tmp_path / 'sound.m4a'} has no video stream (found: audio). Give a video file."
        ),
        picture: f"{picture} is a picture, not a video. Give a video file.",
    }
    for path, message in refused.items():
        with pytest.raises(InputError) as caught:
            probe(path)
        assert str(caught.value) == message
        assert caught.value.exit_code == ExitCode.INPUT


def test_a_cover_picture_is_not_a_video(tmp_path: Path) -> None:
    import av
    from av.stream import Disposition

    path = make_audio_only(tmp_path / "sound.m4a")
    covered = tmp_path / "covered.m4a"
    with av.open(str(path)) as source, av.open(str(covered), "w", format="mp4") as target:
        sound = target.add_stream_from_template(source.streams.audio[0])
        cover = target.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 48, "yuvj420p"
        cover.disposition = Disposition.attached_pic
        target.mux(cover.encode(av.VideoFrame(64, 48, "yuvj420p")))
        target.mux(cover.encode(None))
        for packet in source.demux(audio=0):
            if packet.size:
                packet.stream = sound
                target.mux(packet)
    with pytest.raises(InputError, match="has no video stream"):
        probe(covered)


def test_a_file_cut_off_before_its_first_picture_is_called_damaged(tmp_path: Path) -> None:
    whole = make_clip(tmp_path / "whole.mkv", size=(320, 240), frames=12)
    content = whole.read_bytes()
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(content[:900])
    with pytest.raises(InputError, match=r"cut\.mkv (cannot be decoded|is not a video that can be read)"):
        probe(cut)


@pytest.mark.needs_data
def test_awkward_real_files_are_probed_or_refused_plainly(real_data: Path) -> None:
    refused = set()
    for path in sorted((real_data / "awkward").iterdir()):
        try:
            assert probe(path).width > 0
        except InputError as error:
            assert str(path) in str(error) and "\n" not in str(error)
            refused.add(path.name)
    assert refused == {"audio_only.mp4", "derived_empty_0bytes.mp4"}
    assert probe(real_data / "awkward" / "rot90_hevc_yuvj_metadata_track.mp4").upright_size == (1080, 1920)
    assert probe(real_data / "awkward" / "rotmeta_plus90_vfr_352x288.mp4").rotation == 270


@pytest.mark.parametrize(("rate", "suffix"), [(600, "avi"), (960, "mp4"), (1000, "mkv"), (1000, "flv")])
def test_the_rate_of_a_fast_camera_is_believed(tmp_path: Path, rate: int, suffix: str) -> None:
    assert probe(make_clip(tmp_path / f"a.{suffix}", rate=rate, frames=40)).frame_rate == rate


def test_the_ticks_of_uneven_times_are_no_rate(tmp_path: Path) -> None:
    times = [0, 33, 67, 101, 133, 171, 200, 233, 268, 301, 333, 366]
    path = make_clip(tmp_path / "a.mkv", pts=times, time_base=Fraction(1, 1000), rate=30)
    assert 20 <= probe(path).frame_rate <= 60


@pytest.mark.parametrize("suffix", ["flv", "mkv"])
def test_a_duration_that_counts_from_zero_is_that_of_the_pictures(tmp_path: Path, suffix: str) -> None:
    path = make_clip(tmp_path / f"a.{suffix}", pts=range(2000, 14000, 1000), time_base=Fraction(1, 1000), rate=1)
    assert probe(path).duration == 12
    with VideoReader(probe(path)) as reader:
        assert len(list(reader.batches(1))) == 12
    assert (reader.report.truncated, reader.report.warnings) == (False, [])


def _jpeg_video(path: Path) -> Path:
    """Write a video as cameras do: each frame a JPEG with EXIF, which says to turn it by 90 degrees."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        container.start_encoding()
        for index in range(3):
            content = BytesIO()
            Image.new("RGB", (64, 48), (40 * index,) * 3).save(content, "JPEG", exif=exif_of(TURNED))
            packet = av.Packet(content.getvalue())
            packet.stream, packet.pts, packet.dts, packet.time_base = stream, index, index, Fraction(1, 25)
            container.mux(packet)
    return path


@pytest.mark.parametrize("suffix", ["avi", "mov", "mkv"])
def test_a_video_whose_frames_have_exif_is_read_and_turned(tmp_path: Path, suffix: str) -> None:
    clip = probe(_jpeg_video(tmp_path / f"camera.{suffix}"))
    assert clip.upright_size == (48, 64)
    with VideoReader(clip) as reader:
        greys = [round(float(picture.rgb.mean())) for picture in reader.pictures()]
    assert greys == pytest.approx([0, 40, 80], abs=2)
    assert reader.report.warnings == []


def test_a_file_in_which_texts_begin_late_is_read_to_its_end(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "live.flv", size=(32, 32), frames=200, audio=1, b_frames=0)
    body = b"\x02\x00\x0aonTextData\x08\0\0\0\1\0\4text\x02\0\2Hi\0\0\x09"
    tag = b"\x12" + len(body).to_bytes(3, "big") + (8000).to_bytes(3, "big") + bytes(4) + body
    path.write_bytes(path.read_bytes() + tag + len(tag).to_bytes(4, "big"))
    with VideoReader(probe(path)) as reader:
        assert len(list(reader.pictures())) == 200
    (warning,) = reader.report.warnings
    assert warning.startswith(f"{path}: a track that begins late in the file is left out.")
