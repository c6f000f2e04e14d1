"""A rendered video has every frame of its source, at its time, with everything that belongs to it."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.clips import make_clip
from tests.packets import complaints, pictures, tracks, video_times
from vidstyle.media.probe import probe
from vidstyle.media.read import VideoReader
from vidstyle.models.resize import resize
from vidstyle.models.style_file import load_style
from vidstyle.models.style_generator import StyleGenerator
from vidstyle.pixels import to_device, to_host
from vidstyle.progress import Progress
from vidstyle.render.settings import RenderSettings
from vidstyle.render.sizes import plan_sizes
from vidstyle.render.stage import run

Fast = Callable[..., RenderSettings]
UNEVEN = (0, 3000, 6003, 9100, 12000, 21000, 24001, 27000, 30000, 33333)


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])
@pytest.mark.parametrize("b_frames", [0, 3])
def test_every_frame_is_there_at_its_uneven_time(fast: Fast, tmp_path: Path, suffix: str, b_frames: int) -> None:
    source = make_clip(tmp_path / "a.mp4", pts=UNEVEN, time_base=Fraction(1, 90000), b_frames=b_frames)
    preset = None if suffix == ".webm" else "medium"
    result = run(source, tmp_path / f"out{suffix}", fast(preset=preset))
    times, wanted = video_times(tmp_path / f"out{suffix}"), video_times(source)
    assert result.counts["frames"] == result.counts["packets"] == len(times) == len(UNEVEN)
    tolerance = 0 if suffix in (".mp4", ".mov") else Fraction(1, 2000)
    assert all(abs(time - before) <= tolerance for time, before in zip(times, wanted, strict=True))
    assert complaints(tmp_path / f"out{suffix}") == ""
    assert (result.warnings, result.details["exit_code"]) == ((), 0)


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
@pytest.mark.parametrize("kind", [".ts", ".mkv"])
def test_the_first_time_of_a_late_source_and_its_sound_are_kept(
    fast: Fast, tmp_path: Path, kind: str, suffix: str
) -> None:
    base = Fraction(1, 90000 if kind == ".ts" else 1000)
    late = range(4507, 94507, 3003) if kind == ".ts" else range(707, 1707, 40)
    source = make_clip(tmp_path / f"a{kind}", pts=late, time_base=base, audio=1)
    run(source, tmp_path / f"out{suffix}", fast())
    times, wanted = video_times(tmp_path / f"out{suffix}"), video_times(source)
    tolerance = Fraction(1, 2000) if suffix == ".mkv" else 0
    assert wanted[0] > Fraction(1, 25)
    assert all(abs(time - before) <= tolerance for time, before in zip(times, wanted, strict=True))
    heard, before = tracks(tmp_path / f"out{suffix}", "audio")[0], tracks(source, "audio")[0]
    if (kind, suffix) != (".mkv", ".mov"):
        assert [time for time, _ in heard] == pytest.approx([time for time, _ in before], abs=0.001)


@pytest.mark.parametrize(
    ("made", "size", "aspect"),
    [
        ({"size": (64, 48)}, (64, 48), 1),
        ({"size": (67, 49), "pixel_format": "yuv444p"}, (67, 49), 1),
        ({"size": (64, 48), "rotation": 90}, (48, 64), 1),
        ({"size": (64, 48), "rotation": 270, "sample_aspect": Fraction(4, 3)}, (48, 64), Fraction(3, 4)),
        ({"size": (64, 48), "sample_aspect": Fraction(12, 11)}, (64, 48), Fraction(12, 11)),
    ],
)
def test_the_result_stands_upright_in_the_sources_size_and_aspect(
    fast: Fast, tmp_path: Path, made: dict[str, Any], size: tuple[int, int], aspect: Fraction
) -> None:
    run(make_clip(tmp_path / "a.mp4", frames=6, **made), tmp_path / "out.mp4", fast())
    clip = probe(tmp_path / "out.mp4")
    assert (clip.width, clip.height, clip.rotation, clip.sample_aspect) == (*size, 0, aspect)


def test_colour_tags_and_depth_are_those_of_the_source(fast: Fast, tmp_path: Path) -> None:
    made = {"frames": 4, "size": (64, 48)}
    tagged = make_clip(tmp_path / "tagged.mp4", matrix=1, full_range=False, **made)
    deep = make_clip(tmp_path / "deep.mp4", pixel_format="yuv420p10le", **made)
    for source in (tagged, deep):
        run(source, tmp_path / "out.mp4", fast(overwrite=True))
        before, after = probe(source), probe(tmp_path / "out.mp4")
        assert (after.colour, after.bit_depth, after.pixel_format) == (
            before.colour,
            before.bit_depth,
            before.pixel_format,
        )


def test_unstyled_pictures_come_through_unchanged(fast: Fast, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", frames=6, matrix=6, rotation=90)
    run(source, tmp_path / "out.mp4", fast(blend=0.0, size="source", crf=1, preset="medium"))
    with VideoReader(probe(source)) as before, VideoReader(probe(tmp_path / "out.mp4")) as after:
        for batch, other in zip(before.batches(1), after.batches(1), strict=True):
            difference = np.abs(batch.frames.astype(int) - other.frames)
            assert difference.mean() < 2


def test_the_pipeline_paints_what_painting_frame_by_frame_paints(fast: Fast, tmp_path: Path, style_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", frames=7)
    settings = fast(batch=3, codec="ffv1", pix_fmt="yuv444p", preset=None)
    run(source, tmp_path / "out.mkv", settings)
    style = load_style(style_path)
    generator = StyleGenerator(style, torch_cpu(), torch_fp32())
    sizes = plan_sizes((64, 48), None, style.size, 1)
    with VideoReader(probe(source)) as reader, VideoReader(probe(tmp_path / "out.mkv")) as rendered:
        for batch, other in zip(reader.batches(1), rendered.batches(1), strict=True):
            small = resize(to_device(batch.frames, torch_cpu()), sizes.painted)
            plain = to_host(resize(generator(small), sizes.result), sixteen_bit=False)
            assert np.abs(plain.astype(int) - other.frames).max() <= 3, "no more than YUV's rounding"


def torch_cpu() -> Any:
    import torch

    return torch.device("cpu")


def torch_fp32() -> Any:
    import torch

    return torch.float32


def test_every_batch_size_gives_the_same_file(fast: Fast, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", frames=7)
    for batch in (1, 2, 7, 16):
        run(source, tmp_path / f"{batch}.mkv", fast(batch=batch, codec="ffv1", preset=None))
    first = pictures(tmp_path / "1.mkv")
    for batch in (2, 7, 16):
        assert all(
            np.array_equal(frame, other)
            for frame, other in zip(first, pictures(tmp_path / f"{batch}.mkv"), strict=True)
        )


def test_a_cut_begins_at_zero_with_its_own_sound(fast: Fast, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", frames=72, audio=1, time_base=Fraction(1, 24000), pts=range(0, 72000, 1000))
    result = run(source, tmp_path / "out.mp4", fast(start=1.0, end=2.0))
    assert result.counts["frames"] == result.counts["packets"] == 24
    assert video_times(tmp_path / "out.mp4") == [Fraction(index, 24) for index in range(24)]
    heard = tracks(tmp_path / "out.mp4", "audio")[0]
    before = [(time - 1, payload) for time, payload in tracks(source, "audio")[0] if 1 <= time < 2]
    assert [payload for _, payload in heard] == [payload for _, payload in before]
    assert max(abs(time - other) for (time, _), (other, _) in zip(heard, before, strict=True)) < Fraction(1, 40000)


def test_a_cut_from_far_in_a_video_finds_its_sound(fast: Fast, tmp_path: Path) -> None:
    source = make_clip(
        tmp_path / "a.mkv", frames=100, rate=Fraction(5), audio=1, time_base=Fraction(1, 1000), pts=range(0, 20000, 200)
    )
    run(source, tmp_path / "out.mkv", fast(start=15.0, end=17.0))
    heard, left_out = tracks(tmp_path / "out.mkv", "audio")[0], Fraction(312, 48000)
    assert heard == [(time - 15, payload) for time, payload in tracks(source, "audio")[0] if 15 - left_out <= time < 17]
    assert video_times(tmp_path / "out.mkv") == [Fraction(index, 5) for index in range(10)]


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_the_track_counts_in_the_ticks_of_the_source(fast: Fast, tmp_path: Path, suffix: str) -> None:
    base = Fraction(1, 1000)
    source = make_clip(tmp_path / "a.mkv", pts=(0, 41, 83, 125), time_base=base)
    run(source, tmp_path / f"out{suffix}", fast())
    assert probe(tmp_path / f"out{suffix}").time_base == probe(source).time_base == base


def test_a_video_can_be_made_larger(fast: Fast, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", frames=3, size=(66, 50))
    run(source, tmp_path / "out.mp4", fast(outscale=2.0))
    assert probe(tmp_path / "out.mp4").upright_size == (132, 100)


def test_progress_counts_every_frame_up_to_the_total(fast: Fast, tmp_path: Path) -> None:
    told: list[Progress] = []
    run(make_clip(tmp_path / "a.mp4", frames=5), tmp_path / "out.mp4", fast(), told.append)
    counted = [
        (progress.phase, progress.done, progress.total, progress.unit) for progress in told if progress.unit == "frames"
    ]
    assert counted == [("a.mp4", done, 5, "frames") for done in range(1, 6)]
    assert all(progress.figures["fps"] > 0 for progress in told if progress.unit == "frames")


def test_what_was_settled_is_in_the_record(fast: Fast, tmp_path: Path, style_path: Path) -> None:
    result = run(make_clip(tmp_path / "a.mp4", frames=2, audio=1), tmp_path / "out.mp4", fast(crf=30))
    settled = result.details["files"][str(tmp_path / "out.mp4")]
    assert (result.details["device"], result.details["style"]) == ("cpu", str(style_path))
    assert {name: settled[name] for name in ("backend", "precision", "quantised")} == {
        "backend": "eager",
        "precision": "fp32",
        "quantised": "",
    }
    assert (settled["encoder"], settled["encoder_options"]) == (
        "libx264",
        {
            "x264-params": "cpu-independent=1",
            "crf": "30",
            "preset": "ultrafast",
        },
    )
    assert (settled["painted_size"], settled["result_size"], settled["batch"]) == ((44, 32), (64, 48), 1)
    assert settled["tracks"] == ["audio 1: aac, copy"]


def test_a_dry_run_settles_everything_and_writes_nothing(fast: Fast, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", frames=5)
    result = run(source, tmp_path / "out" / "b.mp4", fast(dry_run=True))
    assert (result.counts["frames"], result.outputs) == (5, ())
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


@pytest.mark.needs_data
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm"])
@pytest.mark.parametrize("name", ["flower_cc0.mp4", "sam2_dog.mp4", "tears_of_steel_70s.webm"])
def test_two_seconds_of_real_footage_keep_frames_times_and_sound(
    fast: Fast, tmp_path: Path, real_data: Path, name: str, suffix: str
) -> None:
    source, target = real_data / "live" / name, tmp_path / f"out{suffix}"
    run(source, target, fast(end=2.0, outscale=0.25, preset="ultrafast" if suffix != ".webm" else "8"))
    wanted, times = [time for time in video_times(source) if time < 2], video_times(target)
    tolerance = 0 if suffix == ".mp4" else Fraction(1, 2000)
    assert len(times) == len(wanted)
    assert all(abs(time - before) <= tolerance for time, before in zip(times, wanted, strict=True))
    heard, before = tracks(target, "audio")[0], [packet for packet in tracks(source, "audio")[0] if packet[0] < 2]
    if suffix != ".webm" or name.endswith(".webm"):
        assert [payload for _, payload in heard] == [payload for _, payload in before]
        assert max(abs(time - other) for (time, _), (other, _) in zip(heard, before, strict=True)) < Fraction(1, 1000)
    else:
        assert abs(heard[-1][0] - 2) < 0.05
    assert complaints(target) == ""
    with av.open(str(target)) as container:
        assert sum(1 for _ in container.decode(video=0)) == len(wanted)
