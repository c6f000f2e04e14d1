"""A result that cannot be put together keeps what is painted, and the message says what to change."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clips import make_clip
from tests.packets import tracks, video_times
from vidstyle.errors import OutputError
from vidstyle.media import ffmpeg
from vidstyle.render import video
from vidstyle.render.settings import RenderSettings
from vidstyle.render.stage import run

Fast = Callable[..., RenderSettings]
BROKEN = """#!/bin/sh
case "$*" in *result*) echo "[mp4 @ 0x1] this will not do" >&2; exit 1;; esac
exec "{program}" "$@"
"""


def test_the_painted_pictures_outlive_a_mux_that_fails(
    fast: Fast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = make_clip(tmp_path / "a.mp4", frames=8, audio=1, subtitles=1), tmp_path / "out.mp4"
    script = tmp_path / "ffmpeg"
    script.write_text(BROKEN.format(program=ffmpeg.program()))
    script.chmod(0o755)
    with monkeypatch.context() as broken:
        broken.setattr(ffmpeg, "program", lambda: str(script))
        with pytest.raises(OutputError) as caught:
            run(source, target, fast(size=16, segment=4))
    assert str(caught.value) == (
        "Cannot put a.mp4's sound and subtitles into mp4: [mp4 @ 0x1] this will not do. "
        "Check the free space, or give the same command with --no-audio --no-subtitles."
    )
    assert caught.value.__notes__ == ["8 painted frames are kept for the next run."]
    assert not target.exists()
    (result,) = run(source, target, fast(size=16, segment=4, audio=False, subtitles=False)).details["files"].values()
    assert (result["kept_frames"], len(video_times(target)), tracks(target, "audio")) == (8, 8, [])


def test_the_segments_outlive_a_join_that_fails(fast: Fast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = make_clip(tmp_path / "a.mp4", frames=8), tmp_path / "out.mp4"

    def refuse(*_: object) -> None:
        raise OutputError("Cannot join 2 segments.")

    with monkeypatch.context() as broken:
        broken.setattr(video, "join", refuse)
        with pytest.raises(OutputError, match="Cannot join 2 segments"):
            run(source, target, fast(size=16, segment=4))
    (result,) = run(source, target, fast(size=16, segment=4)).details["files"].values()
    assert (result["kept_frames"], len(video_times(target))) == (8, 8)
