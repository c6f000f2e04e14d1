"""Edit lists of several pieces are followed as a player does: pictures, sound and subtitles at the times of their piece."""

from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests.clips import make_clip
from tests.edit_lists import Edit, with_edits
from tests.numbered import numbered, numbers_in, numbers_of, tones_in, with_tones
from tests.packets import complaints, tracks, video_times
from tests.pipeline import passed_through
from vidstyle.media.probe import probe
from vidstyle.media.read import VideoReader

RATE, SECONDS = 10, 5
LISTS: dict[str, list[Edit]] = {
    "in order": [(1, 0), (1, 3)],
    "the same twice": [(1, 1), (1, 1)],
    "backwards": [(1, 3), (1, 0)],
    "a wait between": [(1, 0), (1, None), (1, 3)],
    "a wait at the end": [(1, 2), (1, None)],
    "between key frames": [(0.5, 4.5), (0.5, 0.7), (0.5, 2.2), (0.3, 2.2), (0.3, 0.1)],
}
CODECS = {"libx264": {"preset": "medium"}, "libx265": {"preset": "medium", "x265-params": "log-level=none"}}


def expected(edits: list[Edit]) -> list[tuple[Fraction, int]]:
    """Return time and number of each picture that a player shows."""
    shown, start = [], Fraction(0)
    for seconds, media in edits:
        first = None if media is None else round(media * RATE)
        count = round(seconds * RATE) if first is not None else 0
        shown += [(start + Fraction(place, RATE), first + place) for place in range(count) if first is not None]
        start += Fraction(str(seconds))
    return shown


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """For each codec a film of 50 numbered pictures with B-frames, a key frame every 25, and a tone for each second."""
    folder = tmp_path_factory.mktemp("edits")
    made = {}
    for codec, options in CODECS.items():
        how = {"codec": codec, "options": options, "pictures": numbered}
        plain = make_clip(folder / f"{codec}.mov", frames=50, rate=RATE, key_every=25, **how)
        made[codec] = with_tones(plain, folder / f"{codec}.mp4", SECONDS)
    return made


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("edits", LISTS.values(), ids=LISTS)
def test_each_piece_is_read_at_its_time(films: dict[str, Path], tmp_path: Path, edits: list[Edit], codec: str) -> None:
    clip = probe(with_edits(films[codec], tmp_path / "a.mp4", edits))
    wanted = expected(edits)
    for start in (None, 0.85):
        with VideoReader(clip, start_seconds=start) as reader:
            batches = list(reader.batches(1))
        shown = [(batch.pts[0] * clip.time_base, numbers_of(batch.frames)[0]) for batch in batches]
        assert shown == [(time, number) for time, number in wanted if start is None or time > start]
        assert (reader.report.warnings, reader.report.packets) == ([], len(shown))


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])
@pytest.mark.parametrize("edits", list(LISTS.values())[:4], ids=list(LISTS)[:4])
def test_each_piece_is_seen_and_heard_in_step_and_nothing_else_is(
    films: dict[str, Path], tmp_path: Path, edits: list[Edit], suffix: str
) -> None:
    film, target = with_edits(films["libx264"], tmp_path / "a.mp4", edits), tmp_path / f"out{suffix}"
    report = passed_through(film, target)
    assert (report.warnings, report.restarts) == ([], 0)
    wanted = expected(edits)
    assert list(zip(video_times(target), numbers_in(target), strict=True)) == wanted
    seconds = {time: number // RATE for time, number in wanted}
    length = round(sum(seconds for seconds, _ in edits) * 10)
    assert tones_in(target) == [seconds.get(Fraction(tenth, 10), -1) for tenth in range(length)]
    assert complaints(target) == ""


def test_hidden_sound_at_the_end_of_a_plain_edit_list_is_not_copied(films: dict[str, Path], tmp_path: Path) -> None:
    film = with_edits(films["libx264"], tmp_path / "a.mp4", [(1, 0)])
    passed_through(film, tmp_path / "out.mkv")
    (sound,) = tracks(tmp_path / "out.mkv", "audio")
    assert 0.95 < sound[-1][0] < 1
    assert set(tones_in(tmp_path / "out.mkv")) == {0}


def test_subtitles_follow_the_pieces(tmp_path: Path) -> None:
    plain = make_clip(tmp_path / "plain.mp4", frames=50, rate=RATE, subtitles=1)  # a line from 0 to 2.5 s
    film = with_edits(plain, tmp_path / "a.mp4", [(1, 3), (1, 2)])
    passed_through(film, tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as container:
        lines = [packet for packet in container.demux(subtitles=0) if packet.size > 2]
        assert [(line.pts * line.time_base, line.duration * line.time_base) for line in lines] == [(1, Fraction(1, 2))]


def test_a_damaged_or_strange_edit_list_is_left_to_the_decoder(films: dict[str, Path], tmp_path: Path) -> None:
    film = with_edits(films["libx264"], tmp_path / "a.mp4", LISTS["in order"])
    content = film.read_bytes()
    place = content.index(b"elst") + 8
    (tmp_path / "long.mp4").write_bytes(content[:place] + b"\xff" * 4 + content[place + 4 :])
    assert probe(tmp_path / "long.mp4").edits == ()
    assert len(probe(film).edits) == 2
