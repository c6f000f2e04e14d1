"""A render that was broken off, however it was, goes on by the same command and ends as if it had never been."""

import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.clips import make_clip, make_truncated
from tests.packets import tracks
from tests.renders import Crash, assert_same, broken_off, done, told, uneven
from vidstyle.errors import DamagedError, DeviceError, ExitCode, OutputError
from vidstyle.progress import Progress, StageResult
from vidstyle.render.painter import DeviceFrames, Painter
from vidstyle.render.settings import RenderSettings
from vidstyle.render.stage import run
from vidstyle.render.work_folder import RenderFolder, claim

Fast = Callable[..., RenderSettings]


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A clip of 60 frames at uneven times with B-frames and sound."""
    return make_clip(
        tmp_path / "film.mp4", frames=60, pts=uneven(60), time_base=Fraction(1, 90000), b_frames=3, audio=1
    )


@pytest.mark.parametrize(
    ("suffix", "made", "others"),
    [
        (".mp4", {"pixel_format": "yuv420p10le"}, {}),
        (".mp4", {}, {"codec": "libx265", "preset": "medium"}),
        (".mp4", {}, {"codec": "libsvtav1", "preset": "9"}),
        (".webm", {}, {"preset": "8"}),
        (".mov", {"pixel_format": "yuv420p10le"}, {"codec": "prores_ks", "preset": None}),
        (".mkv", {}, {"codec": "ffv1", "preset": None}),
        (".mov", {}, {"start": 0.5, "end": 1.9}),
        (".mp4", {}, {"batch": 4}),
        (".mp4", {}, {"flicker": "flow"}),
        (".mp4", {}, {"flicker": "statistics"}),
        (".mp4", {}, {"flicker": "denoise"}),
    ],
    ids=["10 bit", "x265", "av1", "vp9", "prores", "ffv1", "cut", "batches", "flow", "statistics", "denoise"],
)
def test_every_form_goes_on_where_it_stopped(
    fast: Fast, tmp_path: Path, suffix: str, made: dict[str, Any], others: dict[str, Any]
) -> None:
    source = make_clip(tmp_path / "film.mp4", frames=50, audio=1, **made)
    settings = fast(**{"segment": 12, "preset": "veryfast", **others})
    straight = run(source, tmp_path / f"straight{suffix}", settings)
    broken_off(source, tmp_path / f"out{suffix}", settings, 30)
    resumed = run(source, tmp_path / f"out{suffix}", settings)
    assert 12 <= resumed.details["files"][str(tmp_path / f"out{suffix}")]["kept_frames"] <= 36
    assert told(resumed) == told(straight)
    assert_same(tmp_path / f"out{suffix}", tmp_path / f"straight{suffix}")


def test_what_is_painted_is_not_painted_again(fast: Fast, tmp_path: Path, film: Path, monkeypatch: Any) -> None:
    settings = fast(segment=10)
    folder = broken_off(film, tmp_path / "out.mp4", settings, 35)
    kept = 10 * len(done(folder))
    painted: list[int] = []
    compute = Painter.compute

    def counted(self: Painter, staged: DeviceFrames, *others: Any, **more: Any) -> DeviceFrames:
        painted.append(len(staged.shown))
        return compute(self, staged, *others, **more)

    monkeypatch.setattr(Painter, "compute", counted)
    said: list[Progress] = []
    run(film, tmp_path / "out.mp4", settings, said.append)
    assert kept >= 20 and sum(painted) == 60 - kept
    assert said[0].note == f"{tmp_path}/out.mp4: {kept} frames are painted already, the rest follows."
    assert [progress.done for progress in said[1:]] == list(range(kept + 1, 61))


def test_damage_that_was_met_before_the_crash_is_counted_once(fast: Fast, tmp_path: Path) -> None:
    whole = make_clip(tmp_path / "whole.mkv", frames=120, audio=1)
    source = make_truncated(whole, tmp_path / "broken.mkv")
    settings = fast(segment=10)
    straight = run(source, tmp_path / "straight.mp4", settings)
    broken_off(source, tmp_path / "out.mp4", settings, 40)
    resumed = run(source, tmp_path / "out.mp4", settings)
    assert told(resumed) == told(straight)
    assert resumed.details["exit_code"] == ExitCode.DAMAGED
    assert_same(tmp_path / "out.mp4", tmp_path / "straight.mp4")


def test_a_strict_run_keeps_what_it_painted_for_one_that_is_not(fast: Fast, tmp_path: Path) -> None:
    source = make_truncated(make_clip(tmp_path / "whole.mkv", frames=120), tmp_path / "broken.mkv")
    with pytest.raises(DamagedError) as caught:
        run(source, tmp_path / "out.mp4", fast(strict=True))
    result = run(source, tmp_path / "out.mp4", fast())
    frames = result.counts["frames"]
    assert caught.value.__notes__ == [f"{frames} painted frames are kept for the next run."]
    assert result.details["files"][str(tmp_path / "out.mp4")]["kept_frames"] == frames > 30


@pytest.mark.parametrize("harm", ["flipped", "short", "absent"])
def test_a_segment_that_is_not_whole_any_more_is_painted_again(
    fast: Fast, tmp_path: Path, film: Path, harm: str
) -> None:
    settings = fast(segment=10)
    run(film, tmp_path / "straight.mp4", settings)
    folder = broken_off(film, tmp_path / "out.mp4", settings, 45)
    content = bytearray(folder.segment(1).read_bytes())
    content[len(content) // 2] ^= 1
    if harm == "absent":
        folder.segment(1).unlink()
    else:
        folder.segment(1).write_bytes(content if harm == "flipped" else content[:-1])
    result = run(film, tmp_path / "out.mp4", settings)
    assert result.details["files"][str(tmp_path / "out.mp4")]["kept_frames"] == 10
    assert_same(tmp_path / "out.mp4", tmp_path / "straight.mp4")


def test_a_line_that_was_half_written_does_not_count(fast: Fast, tmp_path: Path, film: Path) -> None:
    settings = fast(segment=10)
    run(film, tmp_path / "straight.mp4", settings)
    folder = broken_off(film, tmp_path / "out.mp4", settings, 45)
    folder.journal.write_bytes(folder.journal.read_bytes()[:-40])
    assert len(done(folder)) >= 3
    kept = 10 * (len(done(folder)) - 1)
    result = run(film, tmp_path / "out.mp4", settings)
    assert result.details["files"][str(tmp_path / "out.mp4")]["kept_frames"] == kept
    assert_same(tmp_path / "out.mp4", tmp_path / "straight.mp4")


@pytest.mark.parametrize(
    ("others", "changed"),
    [
        ({"crf": 30}, "crf was 18 and is 30"),
        ({"blend": 0.5, "pix_fmt": "yuv444p"}, "pix_fmt was not given and is yuv444p, blend was 1.0 and is 0.5"),
        ({"finish": "guided"}, "finish was none and is guided, calm was not given and is 0.5"),
        ({"restart": True}, "asked for with --restart"),
    ],
)
def test_other_settings_begin_anew_and_say_why(
    fast: Fast, tmp_path: Path, film: Path, others: dict[str, Any], changed: str
) -> None:
    broken_off(film, tmp_path / "out.mp4", fast(segment=10), 25)
    said: list[str] = []
    result = run(film, tmp_path / "out.mp4", fast(segment=10, **others), lambda progress: said.append(progress.note))
    assert said[0] == f"{tmp_path}/out.mp4 is rendered anew, what was painted is not used: {changed}."
    assert result.details["files"][str(tmp_path / "out.mp4")]["kept_frames"] == 0
    assert result.counts["frames"] == 60


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"finish": "upscaler"}, True),
        ({"finish": "upscaler", "calm": 0.1}, True),
        ({}, False),
        ({"finish": "both"}, False),
    ],
)
def test_a_render_of_a_version_without_finishes_is_taken_up_where_the_same_is_painted(
    fast: Fast, tmp_path: Path, film: Path, given: dict[str, Any], kept: bool
) -> None:
    """The clip is so small that no upscaler would be chosen for it."""
    wanted = {"upscaler": "auto", "size": "source", "segment": 10}
    folder = broken_off(film, tmp_path / "out.mp4", fast(**wanted, finish="upscaler"), 25)
    manifest = json.loads(folder.manifest.read_text())
    assert manifest["made_of"]["settings"].pop("finish") == "upscaler"
    assert "calm" not in manifest["made_of"]["settings"]
    folder.manifest.write_text(json.dumps(manifest))
    (note,) = news(run(film, tmp_path / "out.mp4", fast(**wanted, **given, dry_run=True)))
    assert note.endswith("frames are painted already, the rest follows.") == kept
    assert ("finish was upscaler and is" in note) != kept


def test_the_strength_of_the_filter_counts_and_how_it_was_chosen_does_not(
    fast: Fast, tmp_path: Path, film: Path
) -> None:
    wanted = {"upscaler": "auto", "segment": 10}
    broken_off(film, tmp_path / "out.mp4", fast(**wanted), 25)
    (note,) = news(run(film, tmp_path / "out.mp4", fast(**wanted, finish="guided", dry_run=True)))
    assert note.endswith("frames are painted already, the rest follows.")
    (note,) = news(run(film, tmp_path / "out.mp4", fast(**wanted, calm=0.25, dry_run=True)))
    assert note.endswith("what was painted is not used: calm was 0.5 and is 0.25.")


def test_another_source_or_style_begins_anew(fast: Fast, tmp_path: Path, film: Path, style_path: Path) -> None:
    from vidstyle.models.style_file import load_style, save_style

    broken_off(film, tmp_path / "out.mp4", fast(segment=10), 25)
    moved = film.rename(tmp_path / "moved.mp4")
    same = run(moved, tmp_path / "out.mp4", fast(segment=10, dry_run=True))
    assert same.details["files"][str(tmp_path / "out.mp4")]["kept_frames"] >= 10
    style = load_style(style_path)
    save_style(
        replace(style, weights={name: weight * 2 for name, weight in style.weights.items()}), tmp_path / "other.st"
    )
    make_clip(film, frames=50)
    (note,) = news(run(film, tmp_path / "out.mp4", fast(segment=10, style=str(tmp_path / "other.st"), dry_run=True)))
    assert note.endswith("what was painted is not used: the source has changed, the style has changed.")


def news(result: StageResult) -> list[str]:
    return [text for record in result.details["files"].values() for text in record["notices"]]


def test_sound_and_strictness_may_change_on_the_way(fast: Fast, tmp_path: Path, film: Path) -> None:
    broken_off(film, tmp_path / "out.mp4", fast(segment=10), 25)
    result = run(film, tmp_path / "out.mp4", fast(segment=10, audio=False, strict=True))
    assert result.details["files"][str(tmp_path / "out.mp4")]["kept_frames"] >= 10
    assert tracks(tmp_path / "out.mp4", "audio") == []


def test_a_dry_run_says_what_would_be_taken_up_and_touches_nothing(fast: Fast, tmp_path: Path, film: Path) -> None:
    folder = broken_off(film, tmp_path / "out.mp4", fast(segment=10), 25)
    before = {path: path.read_bytes() for path in folder.path.iterdir()}
    result = run(film, tmp_path / "out.mp4", fast(segment=10, dry_run=True))
    kept = 10 * len(done(folder))
    assert news(result) == [f"{tmp_path}/out.mp4: {kept} frames are painted already, the rest follows."]
    assert {path: path.read_bytes() for path in folder.path.iterdir()} == before


def test_what_was_chosen_at_the_start_holds_to_the_end(
    fast: Fast, tmp_path: Path, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = fast(segment=10, precision="auto", device="auto")
    monkeypatch.setattr("vidstyle.device._computes_bf16", lambda device: False)
    run(film, tmp_path / "straight.mp4", settings)
    folder = broken_off(film, tmp_path / "out.mp4", settings, 25)
    monkeypatch.setattr("vidstyle.device._computes_bf16", lambda device: True)
    run(film, tmp_path / "out.mp4", settings)
    assert_same(tmp_path / "out.mp4", tmp_path / "straight.mp4")
    folder = broken_off(film, tmp_path / "gone.mp4", settings, 25)
    manifest = json.loads(folder.manifest.read_text())
    manifest["resolved"]["device"] = "cuda:77"
    folder.manifest.write_text(json.dumps(manifest))
    with pytest.raises(DeviceError) as caught:
        run(film, tmp_path / "gone.mp4", settings)
    assert str(caught.value) == (
        "The device 'cuda:77' is not available here. Use --device auto or --device cpu. "
        "The unfinished render was begun on it; --restart begins anew."
    )


def test_short_memory_is_remembered(fast: Fast, tmp_path: Path, film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paint, calls = Painter._paint, []

    def short(self: Painter, frames: Any, *others: Any) -> Any:
        calls.append(len(frames))
        if len(frames) > 2:
            raise RuntimeError("out of memory")
        return paint(self, frames, *others)

    monkeypatch.setattr(Painter, "_paint", short)
    settings = fast(segment=10, batch=4)
    broken_off(film, tmp_path / "out.mp4", settings, 25)
    calls.clear()
    result = run(film, tmp_path / "out.mp4", settings)
    assert max(calls) == 2
    assert result.warnings == ("The memory of cpu was short: 2 frames are now painted at once.",)
    assert result.details["files"][str(tmp_path / "out.mp4")]["batch"] == 2


def test_a_painter_that_remembers_goes_on_remembering(
    fast: Fast, tmp_path: Path, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    class Remembering(Painter):
        seen = torch.zeros(1)

        def _paint(self, pixels: torch.Tensor, *others: Any) -> torch.Tensor:
            self.seen = self.seen + len(pixels)
            return super()._paint(pixels, *others) // 2 + int(self.seen)

        def state(self) -> dict[str, torch.Tensor]:
            return {"seen": self.seen}

        def load_state(self, state: dict[str, torch.Tensor]) -> None:
            self.seen = state.get("seen", torch.zeros(1))

    monkeypatch.setattr("vidstyle.render.engine.Painter", Remembering)
    settings = fast(segment=10)
    run(film, tmp_path / "straight.mp4", settings)
    folder = broken_off(film, tmp_path / "out.mp4", settings, 35)
    assert len(list(folder.path.glob("*.safetensors"))) == 1
    run(film, tmp_path / "out.mp4", settings)
    assert_same(tmp_path / "out.mp4", tmp_path / "straight.mp4")
    folder = broken_off(film, tmp_path / "lost.mp4", settings, 35)
    next(folder.path.glob("*.safetensors")).write_bytes(b"")
    assert run(film, tmp_path / "lost.mp4", settings).details["files"][str(tmp_path / "lost.mp4")]["kept_frames"] == 0
    assert_same(tmp_path / "lost.mp4", tmp_path / "straight.mp4")


def test_a_second_run_for_the_same_target_is_refused(fast: Fast, tmp_path: Path, film: Path) -> None:
    target = tmp_path / "out.mp4"
    with claim(RenderFolder(target, ".mp4")), pytest.raises(OutputError) as caught:
        run(film, target, fast())
    assert str(caught.value) == f"{target} is being rendered by another run. Wait for it, or give another name with -o."
    run(film, target, fast())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film.mp4", "out.mp4"]


def test_a_crash_right_after_the_result_stood_is_only_tidied_up(
    fast: Fast, tmp_path: Path, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    straight = run(film, tmp_path / "straight.mp4", fast())

    def crash(self: RenderFolder) -> None:
        raise Crash

    with monkeypatch.context() as patched, pytest.raises(Crash):
        patched.setattr(RenderFolder, "remove", crash)
        run(film, tmp_path / "out.mp4", fast())
    inode = (tmp_path / "out.mp4").stat().st_ino
    assert told(run(film, tmp_path / "out.mp4", fast())) == told(straight)
    assert (tmp_path / "out.mp4").stat().st_ino == inode
    assert_same(tmp_path / "out.mp4", tmp_path / "straight.mp4")
    with pytest.raises(OutputError, match="exists already"):
        run(film, tmp_path / "out.mp4", fast())
