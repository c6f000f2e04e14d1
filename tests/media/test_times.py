"""Every picture once, at its time, with its duration, and sound in step: containers, codecs, orders, rates and patterns."""

import re
from fractions import Fraction
from itertools import cycle, pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.clicks import clicks, flashes, make_clicks
from tests.clips import make_clip, still
from tests.numbered import durations_in, numbered, numbers_in
from tests.packets import complaints, video_times
from tests.pipeline import passed_through
from vidstyle.media.probe import probe
from vidstyle.media.read import VideoReader

MILLISECOND = Fraction(1, 1000)
X264 = {"preset": "medium", "crf": "1"}
DEEP = X264 | {"x264-params": "bframes=7:b-adapt=0:b-pyramid=normal"}
KINDS: dict[str, dict[str, Any]] = {
    "plain": {"b_frames": 0, "options": X264},
    "reordered": {"b_frames": 3, "options": X264},
    "deep": {"b_frames": 7, "options": DEEP},
    "hevc": {"codec": "libx265", "b_frames": 4, "options": {"preset": "medium", "x265-params": "crf=4:log-level=none"}},
}
RATES = (1, Fraction(24000, 1001), 1000)
PATTERNS = {"slides": [0, 1000, 5000, 5040, 9000, 12000], "gap": [0, 40, 80, 600_080, 600_120, 600_160]}
FRAMES = 12


def assert_passes(source: Path, target: Path, times: list[Fraction], last: Fraction, **how: Any) -> None:
    """Assert that the pictures come once, in order, as far apart as `times`, and that the last one lasts `last` seconds."""
    report = passed_through(source, target, **how)
    assert (report.frames, report.packets, report.held, report.warnings) == (len(times), len(times), 0, [])
    assert numbers_in(target) == list(range(len(times)))
    shown = video_times(target)
    assert all(
        abs((time - shown[0]) - (wanted - times[0])) <= MILLISECOND for time, wanted in zip(shown, times, strict=True)
    )
    assert all(later > earlier for earlier, later in pairwise(shown))
    assert abs(durations_in(target)[-1] - last) <= MILLISECOND
    assert complaints(target) == ""


@pytest.mark.parametrize("rate", RATES, ids=str)
@pytest.mark.parametrize(
    ("suffix", "kind"),
    [(suffix, kind) for suffix in (".mp4", ".mov", ".mkv", ".nut", ".ts") for kind in KINDS] + [(".flv", "deep")],
)
def test_constant_rates(tmp_path: Path, suffix: str, kind: str, rate: Fraction) -> None:
    source = make_clip(
        tmp_path / f"a{suffix}", frames=FRAMES, rate=rate, key_every=250, pictures=numbered, **KINDS[kind]
    )
    times = [number / Fraction(rate) for number in range(FRAMES)]
    assert_passes(source, tmp_path / "out.mp4", times, 1 / Fraction(rate))


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".nut"])
@pytest.mark.parametrize("target", ["out.mp4", "out.webm"])
def test_uneven_times(tmp_path: Path, suffix: str, kind: str, pattern: str, target: str) -> None:
    how = {"pts": PATTERNS[pattern], "time_base": MILLISECOND, "rate": 25, "key_every": 250, "pictures": numbered}
    source = make_clip(tmp_path / f"a{suffix}", **how, **KINDS[kind])
    times = [Fraction(time, 1000) for time in PATTERNS[pattern]]
    assert_passes(source, tmp_path / target, times, Fraction(1, 25), segment=4)


@pytest.mark.parametrize("rate", [1, 600, 1000])
def test_avi_without_and_with_reordering(tmp_path: Path, rate: Fraction) -> None:
    times = [number / Fraction(rate) for number in range(FRAMES)]
    for kind in ("plain", "reordered"):
        source = make_clip(tmp_path / f"{kind}.avi", frames=FRAMES, rate=rate, pictures=numbered, **KINDS[kind])
        assert_passes(source, tmp_path / f"{kind}.mp4", times, 1 / Fraction(rate))


@pytest.mark.parametrize(("suffix", "codec"), [(".m1v", "mpeg1video"), (".m2v", "mpeg2video"), (".h264", "libx264")])
@pytest.mark.parametrize("start", [None, 4.0])
def test_reordered_pictures_without_a_container_have_the_stated_rate(
    tmp_path: Path, suffix: str, codec: str, start: float | None
) -> None:
    source = make_clip(tmp_path / f"a{suffix}", frames=110, rate=25, codec=codec, b_frames=2)
    with VideoReader(probe(source), start_seconds=start) as reader:
        times = [picture.pts * picture.clip.time_base for picture in reader.pictures()]
    assert times == [Fraction(number, 25) for number in range(100 if start else 0, 110)]
    assert (reader.start_pts, reader.clip.duration, reader.report.warnings) == (0, None, [])


def test_pictures_without_a_container_that_are_shown_twice_stay_so_long(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.m2v", frames=FRAMES, rate=60, codec="mpeg2video", b_frames=0)
    # ISO/IEC 13818-2, 6.3.10: in a progressive sequence repeat_first_field, here in every other picture, shows it twice.
    repeat_first_field = cycle([2, 0])
    extension = re.compile(rb"(\x00\x00\x01\xb5[\x80-\x8f]..)(.)", re.DOTALL)
    source.write_bytes(
        extension.sub(lambda found: found[1] + bytes([found[2][0] | next(repeat_first_field)]), source.read_bytes())
    )
    with VideoReader(probe(source)) as reader:
        times = [picture.pts * picture.clip.time_base * 60 for picture in reader.pictures()]
    assert [later - earlier for earlier, later in pairwise(times)] == [2, 1] * 5 + [2]


def test_a_program_stream_of_tiny_pictures_that_share_stated_times_keeps_each_of_them(tmp_path: Path) -> None:
    source = make_clip(
        tmp_path / "a.mpg",
        frames=90,
        rate=Fraction(60000, 1001),
        codec="mpeg2video",
        key_every=6,
        pictures=still((200, 60, 30)),
    )
    with VideoReader(probe(source)) as reader:
        times = [picture.pts for picture in reader.pictures()]
    assert len(times) == 90 and times == sorted(set(times))
    assert (reader.report.held, reader.report.concealed) == (0, 0)


def test_reordered_mpeg4_in_fast_avi_is_read_without_a_false_warning(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.avi", frames=10, rate=1000, codec="mpeg4", pictures=numbered)
    with VideoReader(probe(source)) as reader:
        times = [picture.pts for picture in reader.pictures()]
    assert times == list(range(times[0], times[0] + 10))
    assert reader.report.warnings == []


@pytest.mark.parametrize(("suffix", "sound"), [(".mp4", "aac"), (".mkv", "libopus"), (".nut", "mp2"), (".ts", "mp2")])
@pytest.mark.parametrize("target", ["out.mp4", "out.mkv"])
def test_sound_stays_in_step_with_deeply_reordered_pictures(
    tmp_path: Path, suffix: str, sound: str, target: str
) -> None:
    options = ("-x264-params", "bframes=12:b-adapt=0:ref=8")
    source = make_clicks(tmp_path / f"a{suffix}", sound, seconds=2, b_frames=12, options=options)
    passed_through(source, tmp_path / target)
    offset = clicks(source)[0] - flashes(source)[0]
    heard, seen = clicks(tmp_path / target), flashes(tmp_path / target)
    assert len(seen) == len(heard) == 2
    assert all(abs(click - flash - offset) < 0.0015 for click, flash in zip(heard, seen, strict=True))
