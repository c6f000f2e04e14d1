"""Painted video is joined with everything else that its source holds."""

from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests.clicks import program
from tests.clips import make_clip
from tests.packets import Packets, complaints, tracks, video_times
from tests.pipeline import form_of, passed_through
from vidstyle.errors import OutputError
from vidstyle.media import ffmpeg
from vidstyle.media.codecs import CODECS, choose_codec, container_of
from vidstyle.media.mux import Cut, mux
from vidstyle.media.probe import probe
from vidstyle.media.read import VideoReader
from vidstyle.media.tracks import TrackPlan, plan_tracks
from vidstyle.media.write import VideoWriter

SUFFIXES = pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])


def remade(source: Path, target: Path, cut: Cut | None = None, codec: str = "auto", **wanted: bool) -> TrackPlan:
    """Encode the pictures of `source` anew, join them with the rest of it into `target`, and return the plan."""
    clip, container = probe(source), container_of(target)
    chosen = choose_codec(codec, container)
    form = form_of(clip, chosen, 30, "ultrafast" if chosen.name == "libx264" else None)
    painted = target.with_name(f"painted{chosen.intermediate_suffix}")
    with VideoReader(clip) as reader, VideoWriter(painted, form) as writer:
        for batch in reader.batches(8):
            writer.write(batch)
    plan = plan_tracks(clip, container, audio=wanted.get("audio", True), subtitles=wanted.get("subtitles", True))
    assert mux(painted, clip, plan, container, cut or Cut(), form.display_aspect, target) == []
    return plan


def tags(path: Path, kind: str) -> list[tuple[str | None, bool]]:
    with av.open(str(path)) as container:
        found = [stream for stream in container.streams if stream.type == kind]
        return [(stream.language, bool(stream.disposition & av.stream.Disposition.default)) for stream in found]


def assert_same(ours: list[Packets], theirs: list[Packets], tolerance: Fraction = Fraction(0)) -> None:
    assert [[payload for _, payload in track] for track in ours] == [
        [payload for _, payload in track] for track in theirs
    ]
    for track, other in zip(ours, theirs, strict=True):
        assert all(abs(time - before) <= tolerance for (time, _), (before, _) in zip(track, other, strict=True))


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_every_sound_track_keeps_its_packets_times_and_language(suffix: str, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "source.mp4", audio=2, languages=("eng", "fra"))
    plan = remade(source, tmp_path / f"out{suffix}")
    tick = Fraction(0) if suffix != ".mkv" else Fraction(1, 2000)
    assert_same(tracks(tmp_path / f"out{suffix}", "audio"), tracks(source, "audio"), tick)
    assert [language for language, _ in tags(tmp_path / f"out{suffix}", "audio")] == ["eng", "fra"]
    assert plan.notices == plan.warnings == ()
    assert complaints(tmp_path / f"out{suffix}") == ""


def test_matroska_goes_into_webm_and_mp4_with_its_packets(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "source.mkv", audio=1)
    remade(source, tmp_path / "out.webm")
    remade(source, tmp_path / "out.mp4")
    assert_same(tracks(tmp_path / "out.webm", "audio"), tracks(source, "audio"))
    assert_same(tracks(tmp_path / "out.mp4", "audio"), tracks(source, "audio"), Fraction(1, 1000))


def test_sound_that_a_container_cannot_hold_is_encoded_anew_and_that_is_said(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "source.mp4", audio=1, languages=("eng",), frames=48)
    plan = remade(source, tmp_path / "out.webm")
    assert plan.notices == (f"{source}: sound track 1 (aac, eng) becomes libopus: webm does not hold it as it is.",)
    with av.open(str(tmp_path / "out.webm")) as container:
        sound = container.streams.audio[0]
        heard = list(container.decode(sound))
        assert sound.codec_context.codec.canonical_name == "opus"
    assert abs(heard[-1].time + heard[-1].samples / 48000 - 2) < 0.05


@SUFFIXES
def test_text_subtitles_are_kept_in_the_kind_that_the_container_holds(suffix: str, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "source.mkv", subtitles=1, languages=("deu",))
    remade(source, tmp_path / f"out{suffix}")
    with av.open(str(tmp_path / f"out{suffix}")) as container:
        texts = container.streams.subtitles[0]
        shown = [line.dialogue for packet in container.demux(texts) if packet.size > 2 for line in packet.decode()]
        codec = texts.codec_context.codec.canonical_name
    assert codec == {".mp4": "mov_text", ".mov": "mov_text", ".mkv": "subrip", ".webm": "webvtt"}[suffix]
    assert shown == [b"Hello"]
    assert [language for language, _ in tags(tmp_path / f"out{suffix}", "subtitle")] == [
        "ger" if suffix == ".mov" else "deu"
    ]


def with_extras(source: Path, target: Path) -> Path:
    """Copy the pictures of `source` into Matroska and add a track of picture subtitles and an attached font."""
    with av.open(str(source)) as read, av.open(str(target), "w") as written:
        video = written.add_stream_from_template(read.streams.video[0])
        titles = written.add_mux_stream("hdmv_pgs_subtitle")
        titles.time_base = Fraction(1, 1000)
        titles.metadata["language"] = "eng"
        written.add_attachment("letters.ttf", "application/x-truetype-font", b"a font")
        for packet in read.demux(read.streams.video[0]):
            if packet.size:
                packet.stream = video
                written.mux(packet)
        packet = av.Packet(bytes.fromhex("80000001"))
        packet.stream, packet.time_base, packet.pts, packet.dts = titles, Fraction(1, 1000), 0, 0
        written.mux(packet)
    return target


def test_picture_subtitles_go_where_they_can_and_are_named_where_not(tmp_path: Path) -> None:
    source = with_extras(make_clip(tmp_path / "plain.mkv"), tmp_path / "source.mkv")
    for suffix in (".mp4", ".mov", ".webm"):
        plan = remade(source, tmp_path / f"out{suffix}")
        lost = f"{source}: subtitle track 1 (hdmv_pgs_subtitle, eng) is left out: {suffix[1:]} cannot hold it."
        assert plan.warnings == (f"{lost} Choose .mkv to keep it.",)
    remade(source, tmp_path / "out.mkv")
    assert_same(tracks(tmp_path / "out.mkv", "subtitle"), tracks(source, "subtitle"))


def test_attached_files_stay_in_matroska(tmp_path: Path) -> None:
    source = with_extras(make_clip(tmp_path / "plain.mkv"), tmp_path / "source.mkv")
    assert remade(source, tmp_path / "out.mkv").warnings == ()
    with av.open(str(tmp_path / "out.mkv")) as container:
        (font,) = container.streams.attachments
        assert (font.name, font.mimetype, font.data) == ("letters.ttf", "application/x-truetype-font", b"a font")


@SUFFIXES
def test_chapters_and_tags_go_along(suffix: str, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "source.mp4", chapters=2, frames=48, metadata={"title": "A film", "comment": "mine"})
    remade(source, tmp_path / f"out{suffix}")
    with av.open(str(tmp_path / f"out{suffix}")) as container:
        chapters = container.chapters()
        found = {name.lower(): value for name, value in container.metadata.items()}
    spans = [(chapter["start"] * chapter["time_base"], chapter["end"] * chapter["time_base"]) for chapter in chapters]
    assert spans == [(0, 1), (1, 2)]
    assert [chapter["metadata"]["title"] for chapter in chapters] == ["Part 1", "Part 2"]
    assert (found["title"], found["comment"]) == ("A film", "mine")


def test_tags_of_any_characters_reach_the_result(tmp_path: Path) -> None:
    texts = {"title": "a=b; #c \\d", "comment": "two\nlines", "artist": "[STREAM]", "composer": "a\r\nb"}
    source = make_clip(tmp_path / "source.mp4", audio=1, metadata=texts)
    remade(source, tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert {name: container.metadata[name] for name in texts} == texts
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".tags"] == []


@SUFFIXES
def test_titles_languages_and_marks_of_tracks_go_from_every_container_to_every_other(
    suffix: str, tmp_path: Path
) -> None:
    plain = make_clip(tmp_path / "plain.mkv", audio=1, subtitles=1, chapters=2, frames=48)
    marks = ["-metadata:s:v:0", "title=Main", "-metadata:s:a:0", "title=Talk", "-metadata:s:a:0", "language=fre"]
    marks += ["-metadata:s:s:0", "title=Full", "-disposition:s:0", "forced+hearing_impaired", "-c:s", "mov_text"]
    source = tmp_path / "source.mp4"
    program("-i", str(plain), "-c", "copy", *marks, "-metadata", "creation_time=2020-01-02T03:04:05Z", str(source))
    plan = remade(source, tmp_path / f"out{suffix}")
    assert plan.warnings == ()
    with av.open(str(tmp_path / f"out{suffix}")) as container:
        named = [stream for stream in container.streams if stream.type != "data"]
        titles = [stream.metadata.get("title") or stream.metadata.get("name") for stream in named]
        marks_there = container.streams.subtitles[0].disposition
        made = container.metadata["creation_time"]
        assert (titles, len(container.chapters())) == (["Main", "Talk", "Full"], 2)
        assert container.streams.audio[0].language == ("fra" if suffix == ".mov" else "fre")
    assert made.startswith("2020-01-02T03:04:05")
    if suffix != ".mov":
        assert marks_there & av.stream.Disposition.forced
    if suffix in (".mp4", ".mkv"):
        assert marks_there & av.stream.Disposition.hearing_impaired


@pytest.mark.parametrize("codec", ["libx264", "libx265", "libsvtav1", "libvpx-vp9", "ffv1"])
def test_the_sample_aspect_reaches_matroska_with_every_codec(codec: str, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "source.mp4", sample_aspect=Fraction(12, 11), frames=4)
    remade(source, tmp_path / "out.mkv", codec=codec)
    assert probe(tmp_path / "out.mkv").sample_aspect == Fraction(12, 11)


def test_a_source_without_sound_gives_a_result_without_sound(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "source.mp4", metadata={"title": "Silent"})
    remade(source, tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert [stream.type for stream in container.streams] == ["video"]
        assert container.metadata["title"] == "Silent"


def test_sound_and_subtitles_can_be_left_behind(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "source.mp4", audio=1, subtitles=1)
    remade(source, tmp_path / "out.mp4", audio=False, subtitles=False)
    assert tracks(tmp_path / "out.mp4", "audio") == tracks(tmp_path / "out.mp4", "subtitle") == []


def test_a_cut_takes_the_sound_of_its_stretch_and_moves_it_with_the_pictures(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "source.mp4", audio=1, frames=72, chapters=3)
    begin, end = Fraction(3, 2), Fraction(5, 2)
    remade(source, tmp_path / "out.mp4", Cut(begin, end, shift=begin))
    kept = [(time - begin, payload) for time, payload in tracks(source, "audio")[0] if begin <= time < end]
    assert_same(tracks(tmp_path / "out.mp4", "audio"), [kept], Fraction(1, 48000))
    with av.open(str(tmp_path / "out.mp4")) as container:
        chapters = [
            (chapter["metadata"]["title"], chapter["end"] * chapter["time_base"]) for chapter in container.chapters()
        ]
    assert chapters == [("Part 2", Fraction(1, 2)), ("Part 3", 1)]


def test_times_that_begin_late_are_kept_with_their_sound(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "source.mkv", pts=range(500, 2500, 40), time_base=Fraction(1, 1000), audio=1)
    for name in ("out.mp4", "out.mkv"):
        remade(source, tmp_path / name)
        assert video_times(tmp_path / name) == video_times(source)
        assert_same(tracks(tmp_path / name, "audio"), tracks(source, "audio"), Fraction(1, 1000))


def test_a_failure_of_the_program_is_one_message_with_its_cause(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = ffmpeg.source(tmp_path / "absent.mp4")
    with pytest.raises(OutputError) as caught:
        ffmpeg.run(ffmpeg.command([source], tmp_path / "out.mp4"), "join things")
    assert str(caught.value).startswith("Cannot join things: ")
    assert "No such file or directory" in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_every_codec_fits_one_of_the_containers_it_names() -> None:
    names = {container_of(Path(f"a{suffix}")).name for suffix in (".mp4", ".mov", ".mkv", ".webm")}
    assert all(set(codec.containers) <= names for codec in CODECS.values())


def test_a_limit_on_the_size_of_files_is_named_and_other_signals_told() -> None:
    said = {
        "XFSZ": r"this system allows\. Raise the limit \(`ulimit -f`\)\.$",
        "TERM": r"ffmpeg was ended by signal 15\.",
    }
    for signal, message in said.items():
        with pytest.raises(OutputError, match=rf"^Cannot join things: .*{message}"):
            ffmpeg.run([b"sh", b"-c", f"kill -{signal} $$".encode()], "join things")


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm"])
@pytest.mark.parametrize("aspect", [Fraction(1), Fraction(300), Fraction(1, 300)], ids=str)
def test_pictures_of_any_shape_are_put_together_in_their_shape(aspect: Fraction, suffix: str, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "source.mp4", size=(614, 346), sample_aspect=aspect, frames=2)
    passed_through(source, tmp_path / f"out{suffix}")
    shown = probe(tmp_path / f"out{suffix}").sample_aspect
    assert shown == pytest.approx(aspect, rel=0 if suffix != ".webm" else 0.03)
