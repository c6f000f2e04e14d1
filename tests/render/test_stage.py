"""What goes wrong is said once, with its own exit code, and leaves nothing half done."""

import os
import resource
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clips import make_clip, make_truncated
from tests.packets import complaints, video_times
from vidstyle.errors import DamagedError, ExitCode, InputError, Interrupted, OutputError, StyleError
from vidstyle.progress import Progress
from vidstyle.render.painter import Painter
from vidstyle.render.settings import RenderSettings
from vidstyle.render.stage import run

Fast = Callable[..., RenderSettings]


def test_a_truncated_file_is_rendered_as_far_as_it_goes_and_says_so(fast: Fast, tmp_path: Path) -> None:
    whole = make_clip(tmp_path / "whole.mkv", frames=120, audio=1)
    broken = make_truncated(whole, tmp_path / "broken.mkv")
    result = run(broken, tmp_path / "out.mp4", fast())
    assert 30 < result.counts["frames"] < 120
    assert len(video_times(tmp_path / "out.mp4")) == result.counts["frames"]
    assert video_times(tmp_path / "out.mp4") == video_times(whole)[: result.counts["frames"]]
    assert result.details["exit_code"] == ExitCode.DAMAGED
    assert any("is incomplete" in text or "stopped early" in text for text in result.warnings)
    assert complaints(tmp_path / "out.mp4") == ""


def test_a_strict_render_of_a_damaged_file_is_an_error_without_a_result(fast: Fast, tmp_path: Path) -> None:
    broken = make_truncated(make_clip(tmp_path / "whole.mkv", frames=120), tmp_path / "broken.mkv")
    with pytest.raises(DamagedError) as caught:
        run(broken, tmp_path / "new" / "out.mp4", fast(strict=True))
    assert str(caught.value).startswith(f"{broken}: the file is incomplete")
    assert str(caught.value).endswith(" Without --strict it is rendered as far as it goes.")
    assert [path.name for path in (tmp_path / "new").iterdir()] == [".out.mp4.render"]


def test_a_limit_reached_while_writing_is_named_with_the_result_and_leaves_nothing(fast: Fast, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", size=(128, 96), frames=48)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, before[1]))
    try:
        with pytest.raises(OutputError, match=r"^Cannot encode out\.mp4 with libx264: .*\(`ulimit -f`\)"):
            run(source, tmp_path / "new" / "out.mp4", fast(crf=0))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list((tmp_path / "new").iterdir()) == []


def test_an_error_in_the_middle_leaves_nothing_and_no_thread(
    fast: Fast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make_clip(tmp_path / "a.mp4")
    compute, painted = Painter.compute, []

    def breaks(self: Painter, *arguments: Any, **others: Any) -> Any:
        painted.append(1)
        if len(painted) == 5:
            raise LookupError("the brush broke")
        return compute(self, *arguments, **others)

    monkeypatch.setattr(Painter, "compute", breaks)
    (tmp_path / "out").mkdir()
    with pytest.raises(LookupError, match="the brush broke"):
        run(source, tmp_path / "out" / "b.mp4", fast())
    assert list((tmp_path / "out").iterdir()) == []
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("vidstyle-")]


def interrupt_at(*frames: int) -> Callable[[Progress], None]:
    waiting = list(frames)

    def interrupt(progress: Progress) -> None:
        if waiting and progress.done >= waiting[0]:
            waiting.pop(0)
            os.kill(os.getpid(), signal.SIGINT)

    return interrupt


def test_an_interrupt_finishes_the_segment_and_says_how_to_go_on(fast: Fast, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", frames=60, audio=1)
    told: list[str] = []
    strike = interrupt_at(10)
    with pytest.raises(Interrupted) as caught:
        run(
            source,
            tmp_path / "b.mp4",
            fast(segment=25),
            lambda progress: (strike(progress), told.append(progress.note))[0],
        )
    assert str(caught.value) == (
        "Stopped after 25 of 60 frames of b.mp4; they are kept. Give the same command to go on."
    )
    assert "Finishing the segment under way, then stopping. Ctrl-C again stops at once." in told
    result = run(source, tmp_path / "b.mp4", fast(segment=25))
    assert (result.counts["frames"], result.details["files"][str(tmp_path / "b.mp4")]["kept_frames"]) == (60, 25)


def test_a_second_interrupt_stops_at_once_and_keeps_what_was_finished(fast: Fast, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", frames=600)
    with pytest.raises(Interrupted) as caught:
        run(source, tmp_path / "b.mp4", fast(segment=50), interrupt_at(110, 111))
    assert str(caught.value).startswith("Stopped after 100 of 600 frames of b.mp4; they are kept.")
    (tmp_path / "c").mkdir()
    with pytest.raises(KeyboardInterrupt):
        run(source, tmp_path / "c" / "b.mp4", fast(segment=500), interrupt_at(10, 11))
    assert list((tmp_path / "c").iterdir()) == []


def test_an_interrupt_stops_several_renders(fast: Fast, tmp_path: Path) -> None:
    sources = [make_clip(tmp_path / name, frames=20) for name in ("a.mp4", "b.mp4")]
    with pytest.raises(Interrupted):
        run(sources, tmp_path / "out", fast(segment=20), interrupt_at(5))
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".a.mp4.render"]


def test_a_failed_join_leaves_an_older_result_as_it_was_and_the_pictures_for_the_next_run(
    fast: Fast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make_clip(tmp_path / "a.mp4", frames=3)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "b.mp4").write_bytes(b"older")

    def fails(*_: Any) -> list[str]:
        raise OutputError("no room")

    with monkeypatch.context() as patched, pytest.raises(OutputError) as caught:
        patched.setattr("vidstyle.media.ffmpeg.run", fails)
        run(source, tmp_path / "out" / "b.mp4", fast(overwrite=True))
    assert (str(caught.value), caught.value.__notes__) == ("no room", ["3 painted frames are kept for the next run."])
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [".b.mp4.render", "b.mp4"]
    assert (tmp_path / "out" / "b.mp4").read_bytes() == b"older"
    monkeypatch.setattr(Painter, "compute", fails)
    assert run(source, tmp_path / "out" / "b.mp4", fast(overwrite=True)).counts["frames"] == 3
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["b.mp4"]


def test_an_unknown_style_is_refused(fast: Fast, tmp_path: Path) -> None:
    with pytest.raises(StyleError, match=r"^There is no style 'nobody'"):
        run(make_clip(tmp_path / "a.mp4", frames=2), tmp_path / "out.mp4", fast(style="nobody"))


def test_several_videos_of_several_sizes_go_into_a_folder_and_a_bad_one_stops_none(fast: Fast, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    make_clip(folder / "a.mp4", frames=2)
    (folder / "b.mp4").write_text("no film")
    make_clip(folder / "c.mkv", frames=3, size=(48, 80))
    result = run(folder, tmp_path / "out", fast())
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.mp4", "c.mkv"]
    assert list(result.details["failures"]) == [str(tmp_path / "out" / "b.mp4")]
    assert (result.counts["frames"], result.details["exit_code"]) == (5, ExitCode.INPUT)


def test_failures_of_several_kinds_have_a_code_of_their_own(fast: Fast, tmp_path: Path) -> None:
    (tmp_path / "out" / "a.mp4").mkdir(parents=True)
    sources = [make_clip(tmp_path / "a.mp4", frames=2), tmp_path / "absent.mp4"]
    assert run(sources, tmp_path / "out", fast()).details["exit_code"] == ExitCode.SEVERAL


def test_of_several_the_results_that_stand_are_kept(fast: Fast, tmp_path: Path) -> None:
    sources = [make_clip(tmp_path / name, frames=2) for name in ("a.mp4", "b.mp4", "c.mp4")]
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "b.mp4").write_bytes(b"there already")
    result = run(sources, tmp_path / "out", fast())
    assert (result.counts["videos"], result.counts["kept"], result.details["exit_code"]) == (2, 1, 0)
    assert result.details["kept"] == [str(tmp_path / "out" / "b.mp4")]
    assert result.outputs == (tmp_path / "out" / "a.mp4", tmp_path / "out" / "c.mp4")
    assert (tmp_path / "out" / "b.mp4").read_bytes() == b"there already"
    assert run(sources, tmp_path / "out", fast(overwrite=True)).counts["videos"] == 3
    assert video_times(tmp_path / "out" / "b.mp4") == video_times(tmp_path / "b.mp4")


def test_a_single_bad_source_raises_its_own_error(fast: Fast, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^There is no file .*absent\.mp4\. Check the path\.$"):
        run(tmp_path / "absent.mp4", tmp_path / "out.mp4", fast())
