"""The benchmark of real time measures every way, and counts frames after the first seconds alone."""

import json
from pathlib import Path

import av
import pytest
from click.testing import CliRunner

from benchmarks import realtime


def test_the_rate_leaves_the_start_out() -> None:
    timing = realtime.Timing([(0.5, 10, 2.0), (1.0, 20, 2.1), (2.0, 50, 3.0), (3.0, 80, 4.0)], 4.0, 9.0)
    assert timing.rate(1.0) == pytest.approx(60 / 3)
    assert timing.rate(0.0) == pytest.approx(80 / 4)
    assert timing.steady_rate == pytest.approx(70 / 3.5)
    assert timing.processor_milliseconds == pytest.approx(100)


def test_a_clip_with_sound_has_the_asked_size(tmp_path: Path) -> None:
    clip = realtime.clip_with_sound(realtime.SAMPLE, tmp_path / "clip.mp4", (64, 48), 4)
    assert (clip.width, clip.height, clip.frames, clip.frame_rate) == (64, 48, 4, 24)
    with av.open(str(clip.path)) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]


def test_a_compact_style_is_rendered_and_timed() -> None:
    options = "--size 64 48 --frames 4 --way fp32 --times 1 --start-up 0 --json"
    result = CliRunner().invoke(realtime.main, [*options.split(), "--teacher", "", "--option", "size", "48"])
    assert result.exit_code == 0, result.output + repr(result.exception)
    ((way, painted, *figures),) = json.loads(result.output)["64x48"]
    assert way == "fp32" and painted
    assert all(figure > 0 for figure in figures)
