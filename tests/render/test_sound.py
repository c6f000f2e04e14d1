"""Sound stays with its pictures: copied or encoded anew, whole or cut, wherever the clocks of a file begin."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.clicks import clicks, flashes, heard, make_clicks, program
from tests.clips import make_clip
from vidstyle.render.settings import RenderSettings
from vidstyle.render.stage import run

Fast = Callable[..., RenderSettings]
FRAME_SECONDS = {"aac": 0.0214, "libopus": 0.0201, "pcm_s16le": 0.0214, "libmp3lame": 0.0241}
TICKS = 0.0011


def quick(fast: Fast, target: Path, **others: object) -> RenderSettings:
    return fast(blend=0.0, size="source", preset="8" if target.suffix == ".webm" else "ultrafast", batch=8, **others)


def assert_clicks_meet_flashes(path: Path, count: int, late: float = 0) -> None:
    seen, told = flashes(path), clicks(path)
    assert len(seen) == count
    for time in seen:
        assert min(abs(click - time - late) for click in told) < TICKS


@pytest.mark.parametrize("target", ["out.mp4", "out.mkv", "out.webm"])
@pytest.mark.parametrize(("name", "sound"), [("a.mp4", "aac"), ("a.mkv", "libopus"), ("a.mov", "pcm_s16le")])
def test_clicks_meet_flashes_in_a_cut(fast: Fast, tmp_path: Path, name: str, sound: str, target: str) -> None:
    source, result = make_clicks(tmp_path / name, sound), tmp_path / target
    run(source, result, quick(fast, result, start=0.5, end=3.3))
    assert_clicks_meet_flashes(result, 2)
    whole = heard(result)
    frame_seconds = FRAME_SECONDS[sound] if target != "out.webm" or sound == "libopus" else TICKS
    assert -TICKS < whole[0][0] < frame_seconds + TICKS
    assert abs(whole[-1][0] + len(whole[-1][1]) / whole[-1][2] - 2.8) < 0.03


@pytest.mark.parametrize(
    ("name", "sound", "made", "late"),
    [
        ("mp3.mkv", "libmp3lame", {}, 0),
        ("later.mp4", "aac", {"options": ("-output_ts_offset", "1.3")}, 0),
        ("stream.ts", "mp2", {"options": ("-output_ts_offset", "7")}, 0),
        ("broadcast.ts", "aac", {"options": ("-output_ts_offset", "95439.5")}, 0),
        ("sound-first.mp4", "aac", {"sound_late": -0.3}, -0.3),
        ("sound-last.mp4", "aac", {"sound_late": 0.3}, 0.3),
        ("no-reordering.mp4", "aac", {"b_frames": 0}, 0),
    ],
)
def test_a_source_that_begins_anywhere_keeps_its_sound(
    fast: Fast, tmp_path: Path, name: str, sound: str, made: dict[str, object], late: float
) -> None:
    source = make_clicks(tmp_path / name, sound, **made)
    for number, (target, cut) in enumerate(
        [("a.mp4", {}), ("b.mp4", {"start": 1.5}), ("c.mkv", {"start": 1.5}), ("d.webm", {"end": 2.5})]
    ):
        result = tmp_path / target
        run(source, result, quick(fast, result, **cut))
        seen, told = flashes(result), clicks(result)
        assert len(seen) == (4, 2, 2, 3)[number]
        for time in seen[:-1]:
            assert min(abs(click - time - late) for click in told) < TICKS
        assert seen[0] < 60


def test_an_edit_list_that_skips_the_beginning_is_followed(fast: Fast, tmp_path: Path) -> None:
    whole = make_clicks(tmp_path / "whole.mp4", "aac", seconds=5)
    source = tmp_path / "skipped.mp4"
    program("-ss", "1.46", "-i", str(whole), "-c", "copy", str(source))
    offset = clicks(source)[0] - flashes(source)[0]
    for target, cut in (("a.mp4", {}), ("b.mkv", {}), ("c.mkv", {"start": 1.0}), ("d.webm", {"start": 1.0})):
        result = tmp_path / target
        run(source, result, quick(fast, result, **cut))
        assert_clicks_meet_flashes(result, 3 if cut else 4, offset)
        assert heard(result)[0][0] < 0.0225


@pytest.mark.parametrize("name", ["a.ts", "a.mpg", "a.mkv"])
def test_sound_of_a_joined_recording_stays_with_its_pictures(fast: Fast, tmp_path: Path, name: str) -> None:
    picture = "mpeg2video" if name == "a.mpg" else "libx264"
    parts = [make_clicks(tmp_path / f"{n}{name}", "mp2", seconds=n, picture=picture) for n in (2, 3)]
    source = tmp_path / name
    source.write_bytes(b"".join(part.read_bytes() for part in parts))
    for target in ("out.mp4", "out.webm"):
        result = run(source, tmp_path / target, quick(fast, tmp_path / target))
        assert result.counts["frames"] == result.counts["packets"] == 125
        assert_clicks_meet_flashes(tmp_path / target, 5)
        assert result.warnings == (
            f"{source}: the clock starts again 1 times; the recordings were put one after the other.",
        )
    assert {path.name for path in tmp_path.iterdir()} == {f"2{name}", f"3{name}", name, "out.mp4", "out.webm"}


@pytest.mark.parametrize("target", ["out.mp4", "out.mov", "out.mkv"])
@pytest.mark.parametrize(("name", "sound"), [("a.mp4", "aac"), ("a.mov", "pcm_s16le"), ("b.mp4", "ac3")])
def test_copied_sound_decodes_to_the_samples_of_its_source(
    fast: Fast, tmp_path: Path, name: str, sound: str, target: str
) -> None:
    source = make_clicks(tmp_path / name, sound, seconds=2)
    run(source, tmp_path / target, quick(fast, tmp_path / target))
    before = np.concatenate([samples for _, samples, _ in heard(source)])
    after = np.concatenate([samples for _, samples, _ in heard(tmp_path / target)])
    assert len(before) > 90_000
    # An mp4 may say that less of its last packet is to be heard than others can.
    assert abs(len(before) - len(after)) < 1024
    common = min(len(before), len(after))
    assert (before[:common] == after[:common]).all()


def test_surround_sound_becomes_opus_in_a_layout_that_it_has(fast: Fast, tmp_path: Path) -> None:
    source = make_clicks(tmp_path / "a.mkv", "ac3", seconds=1, options=("-af", "aformat=channel_layouts=5.1(side)"))
    run(source, tmp_path / "out.webm", quick(fast, tmp_path / "out.webm"))
    assert clicks(tmp_path / "out.webm")[0] == pytest.approx(clicks(source)[0], abs=TICKS)


def test_a_subtitle_that_is_up_at_the_cut_stays_up(fast: Fast, tmp_path: Path) -> None:
    import av

    source = make_clip(tmp_path / "a.mkv", subtitles=1, frames=96)
    for target in ("out.mkv", "out.mp4"):
        run(source, tmp_path / target, quick(fast, tmp_path / target, start=1.0, end=1.5))
        with av.open(str(tmp_path / target)) as container:
            texts = container.streams.subtitles[0]
            shown = [
                (packet.pts * packet.time_base, float(packet.duration * packet.time_base))
                for packet in container.demux(texts)
                if packet.size > 2
            ]
        assert shown == [(0, 0.5)]
