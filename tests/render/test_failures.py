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
from vidstyle.errors import DamagedError, ExitCode, InputError, OutputError, StyleError
from vidstyle.progress import Progress
from vidstyle.render.paint import Painter
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


def test_a_strict_render_of_a_damaged_file_is_an_error_that_leaves_nothing(fast: Fast, tmp_path: Path) -> None:
    broken = make_truncated(make_clip(tmp_path / "whole.mkv", frames=120), tmp_path / "broken.mkv")
    with pytest.raises(DamagedError, match=r"broken\.mkv.* Without --strict it is rendered as far as it goes\.$"):
        run(broken, tmp_path / "new" / "out.mp4", fast(strict=True))
    assert list((tmp_path / "new").iterdir()) == []


def test_a_disk_that_fills_while_writing_is_named_with_the_result_and_leaves_nothing(
    fast: Fast, tmp_path: Path
) -> None:
    source = make_clip(tmp_path / "a.mp4", size=(128, 96), frames=48)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, before[1]))
    try:
        with pytest.raises(OutputError, match=r"^Cannot encode out\.mp4 with libx264: .*Check free space"):
            run(source, tmp_path / "new" / "out.mp4", fast(crf=0))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list((tmp_path / "new").iterdir()) == []


def test_an_error_in_the_middle_leaves_nothing_and_no_thread(
    fast: Fast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make_clip(tmp_path / "a.mp4")
    paint, painted = Painter.paint, []

    def breaks(self: Painter, *arguments: Any, **others: Any) -> Any:
        painted.append(1)
        if len(painted) == 5:
            raise LookupError("the brush broke")
        return paint(self, *arguments, **others)

    monkeypatch.setattr(Painter, "paint", breaks)
    (tmp_path / "out").mkdir()
    with pytest.raises(LookupError, match="the brush broke"):
        run(source, tmp_path / "out" / "b.mp4", fast())
    assert list((tmp_path / "out").iterdir()) == []
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("vidstyle-")]


def test_an_interrupt_leaves_nothing(fast: Fast, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", frames=60)
    (tmp_path / "out").mkdir()

    def interrupt(progress: Progress) -> None:
        if progress.done == 10:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        run(source, tmp_path / "out" / "b.mp4", fast(), interrupt)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_failed_join_leaves_an_older_result_as_it_was(
    fast: Fast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make_clip(tmp_path / "a.mp4", frames=3)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "b.mp4").write_bytes(b"older")

    def fails(*_: Any) -> list[str]:
        raise OutputError("no room")

    monkeypatch.setattr("vidstyle.media.ffmpeg.run", fails)
    with pytest.raises(OutputError, match=r"^no room$"):
        run(source, tmp_path / "out" / "b.mp4", fast(overwrite=True))
    assert [one.name for one in (tmp_path / "out").iterdir()] == ["b.mp4"]
    assert (tmp_path / "out" / "b.mp4").read_bytes() == b"older"


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
    assert sorted(one.name for one in (tmp_path / "out").iterdir()) == ["a.mp4", "c.mkv"]
    assert list(result.details["failures"]) == [str(folder / "b.mp4")]
    assert (result.counts["frames"], result.details["exit_code"]) == (5, ExitCode.INPUT)


def test_failures_of_several_kinds_have_a_code_of_their_own(fast: Fast, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.mp4").write_bytes(b"there already")
    sources = [make_clip(tmp_path / "a.mp4", frames=2), tmp_path / "absent.mp4"]
    assert run(sources, tmp_path / "out", fast()).details["exit_code"] == ExitCode.SEVERAL


def test_a_single_bad_source_raises_its_own_error(fast: Fast, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^There is no file .*absent\.mp4\. Check the path\.$"):
        run(tmp_path / "absent.mp4", tmp_path / "out.mp4", fast())
