"""A file system without room stops a render, and costs nothing that was finished."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.clips import make_clip
from tests.renders import assert_same, done, told
from vidstyle.errors import OutputError
from vidstyle.render.settings import RenderSettings
from vidstyle.render.stage import run
from vidstyle.render.work_folder import RenderFolder

Fast = Callable[..., RenderSettings]


@contextmanager
def small_file_system(folder: Path, kibibytes: int) -> Iterator[Callable[[int], None]]:
    """Mount a file system of that size on `folder`; yields a function that changes the size."""

    def mount(size: int, again: str = "") -> bool:
        command = ["mount", "-t", "tmpfs", "-o", f"{again}size={size}k", "tmpfs", str(folder)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    folder.mkdir()
    if not sys.platform.startswith("linux") or not mount(kibibytes):
        pytest.skip("no file system can be mounted here")
    try:
        yield lambda size: None if mount(size, "remount,") else pytest.fail("the size cannot be changed")
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)  # a caught error may hold a file open


@pytest.mark.parametrize("share", [0.15, 0.4, 0.8, 1.1, 1.6, 1.9])
def test_a_full_file_system_is_named_and_the_same_command_goes_on(fast: Fast, tmp_path: Path, share: float) -> None:
    source = make_clip(tmp_path / "film.mp4", size=(160, 128), frames=48, audio=1)
    settings = fast(segment=12, crf=0)
    straight = run(source, tmp_path / "straight.mp4", settings)
    size = (tmp_path / "straight.mp4").stat().st_size // 1024
    with small_file_system(tmp_path / "small", round(size * share)) as grow:
        target = tmp_path / "small" / "out.mp4"
        with pytest.raises(OutputError) as caught:
            run(source, target, settings)
        kept = 12 * sum(b'"segment"' in line for line in done(RenderFolder(target, ".mp4")))
        goes_on = f"and give the same command: {kept} painted frames are kept, it goes on after them."
        way_out = goes_on if kept else "or write elsewhere with -o."
        assert str(caught.value) == f"{target.parent} is full, out.mp4 needs more room. Free some space {way_out}"
        assert kept or not RenderFolder(target, ".mp4").path.exists()
        grow(size * 3)
        resumed = run(source, target, settings)
        assert resumed.details["files"][str(target)]["kept_frames"] == kept
        assert told(resumed) == told(straight)
        assert_same(target, tmp_path / "straight.mp4")
