"""Tags of a source are in the result, whatever their names, or it is said which are not."""

from pathlib import Path

import av
import pytest

from tests.clicks import program
from tests.clips import make_clip
from tests.packets import complaints, tracks, video_times
from vidstyle.media.codecs import container_of
from vidstyle.media.muxing.tags import keep_tags
from vidstyle.media.probe import probe
from vidstyle.media.tracks import plan_tracks

PHONE = {
    "com.apple.quicktime.make": "Apple",
    "com.apple.quicktime.location.ISO6709": "+47.3769+008.5417+408.000/",
    "com.android.version": "13",
    "title": "T",
    "creation_time": "2023-07-01T10:34:56.000000Z",
}
FREE = {"title": "T", "DIRECTOR": "宮崎", "IMDB": "tt0096283", "synopsis": "long", "show": "S", "season_number": "2"}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tags")
    return make_clip(folder / "plain.mkv", frames=6, audio=1, b_frames=0, options={"g": "2"})


def tagged(source: Path, target: Path, tags: dict[str, str], *options: str) -> Path:
    """Copy `source`, with tags."""
    texts = [text for name, value in tags.items() for text in ("-metadata", f"{name}={value}")]
    program("-i", str(source), "-map", "0", "-c", "copy", *texts, *options, str(target))
    return target


def carried(source: Path, target: Path, *options: str) -> list[str]:
    """Copy `source` without its tags, add those tags to the copy, and return what is said."""
    title = ("-metadata", "title=T", "-metadata", "creation_time=2023-07-01T10:34:56Z")
    program("-i", str(source), "-map", "0", "-c", "copy", "-map_metadata", "-1", *title, *options, str(target))
    container = container_of(target)
    return keep_tags(target, plan_tracks(probe(source), container, audio=True, subtitles=True), container)


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
@pytest.mark.parametrize("options", [("-movflags", "+faststart"), ()])
@pytest.mark.parametrize(("name", "tags"), [("a.mov", PHONE), ("a.mkv", FREE)])
def test_tags_that_ffmpeg_does_not_write_are_added_and_no_sample_is_hurt(
    source: Path, tmp_path: Path, suffix: str, options: tuple[str, ...], name: str, tags: dict[str, str]
) -> None:
    known = tagged(source, tmp_path / name, tags, "-c:a", "aac", "-movflags", "use_metadata_tags")
    target = tmp_path / f"out{suffix}"
    assert carried(known, target, *options) == []
    with av.open(str(target)) as container:
        found = {tag.lower(): value for tag, value in container.metadata.items()}
    assert {tag: found.get(tag.lower()) for tag in tags} == tags
    assert (len(video_times(target)), complaints(target)) == (6, "")
    assert len(tracks(target, "audio")[0]) > 10


def test_tags_of_tracks_that_mp4_cannot_hold_are_told_of_and_matroska_keeps_them(source: Path, tmp_path: Path) -> None:
    tags = ("MICROPHONE=left", "BPS=64000", "_STATISTICS_TAGS=BPS", "CREATION_TIME=2020-01-02T03:04:05Z")
    marks = tuple(text for tag in tags for text in ("-metadata:s:a:0", tag))
    known = tagged(source, tmp_path / "a.mkv", {}, *marks)
    assert carried(known, tmp_path / "out.mp4", "-c:a", "aac") == [
        "tags are left out, mp4 cannot hold them: MICROPHONE of sound track 1."
    ]
    for suffix in (".mkv", ".webm"):
        assert carried(known, tmp_path / f"out{suffix}", *marks, "-c:v", "libvpx") == []


def test_a_language_that_quicktime_does_not_list_is_told_of(source: Path, tmp_path: Path) -> None:
    known = tagged(source, tmp_path / "a.mkv", {}, "-metadata:s:a:0", "language=haw")
    asked = ("-c:a", "aac", "-metadata:s:a:0", "language=haw")
    told = "tags are left out, mov cannot hold them: language of sound track 1."
    assert carried(known, tmp_path / "out.mov", *asked) == [told]
    assert carried(known, tmp_path / "out.mp4", *asked) == []


def test_what_a_writer_of_flv_counted_does_not_go_along_and_what_somebody_chose_does(tmp_path: Path) -> None:
    chosen = {"title": "T", "creator": "Me"}
    counted = {"metadatacreator": "M", "totalframes": "4", "hasKeyframes": "true", "canSeekToEnd": "true"}
    texts = [text for name, value in (chosen | counted).items() for text in ("-metadata", f"{name}={value}")]
    program("-f", "lavfi", "-i", "color=s=32x32:d=0.2:r=10", "-c:v", "flv1", *texts, str(tmp_path / "a.flv"))
    plan = plan_tracks(probe(tmp_path / "a.flv"), container_of(Path("out.mp4")), audio=True, subtitles=True)
    assert plan.file_tags == chosen


def test_the_program_that_wrote_an_avi_does_not_go_along(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.avi", codec="mpeg4", frames=4, metadata={"title": "T"})
    plan = plan_tracks(probe(path), container_of(Path("out.mkv")), audio=True, subtitles=True)
    assert plan.file_tags == {"title": "T"}


def test_numbers_that_mxf_gives_to_what_it_holds_are_not_told_as_lost(tmp_path: Path) -> None:
    program("-f", "lavfi", "-i", "color=s=32x32:d=0.2:r=25", "-c:v", "mpeg2video", str(tmp_path / "a.mxf"))
    plan = plan_tracks(probe(tmp_path / "a.mxf"), container_of(Path("out.mp4")), audio=True, subtitles=True)
    assert (list(plan.file_tags), plan.video_tags) == (["timecode"], {})
