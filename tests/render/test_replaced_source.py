"""A source that becomes another file while it is painted never gives its sound to the pictures of the first one."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clips import make_clip
from vidstyle.errors import InputError
from vidstyle.progress import Progress
from vidstyle.render.settings import RenderSettings
from vidstyle.render.stage import run

Fast = Callable[..., RenderSettings]


def rendered_while(fast: Fast, source: Path, happens: Callable[[], object]) -> None:
    """Render the source, at whose tenth frame something happens."""
    waiting = [happens]

    def watch(progress: Progress) -> None:
        if progress.unit == "frames" and progress.done >= 10 and waiting:
            waiting.pop()()

    run(source, source.with_name("out.mp4"), fast(size=16, segment=10), watch)


@pytest.mark.parametrize("in_place", [False, True])
def test_a_source_that_is_replaced_is_noticed_and_the_pictures_are_kept(
    fast: Fast, tmp_path: Path, in_place: bool
) -> None:
    source = make_clip(tmp_path / "a.mp4", frames=40, audio=1)
    other = make_clip(tmp_path / "b.mp4", frames=70, audio=1)
    first = Path(shutil.copy2(source, tmp_path / "first.mp4"))

    def replaced() -> None:
        if in_place:
            source.write_bytes(other.read_bytes())
        else:
            other.replace(source)

    with pytest.raises(InputError) as caught:
        rendered_while(fast, source, replaced)
    assert str(caught.value).startswith(f"{source} was replaced by another file while it was painted")
    assert caught.value.__notes__ == ["40 painted frames are kept for the next run."]
    assert not (tmp_path / "out.mp4").exists()
    first.replace(source)
    result = run(source, tmp_path / "out.mp4", fast(size=16, segment=10))
    assert result.details["files"][str(tmp_path / "out.mp4")]["kept_frames"] == 40


def test_a_source_that_grows_or_is_touched_is_the_same(fast: Fast, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.ts", frames=40, audio=1)

    def grown() -> None:
        with source.open("ab") as file:
            file.write(source.read_bytes()[-188 * 4 :])
        os.utime(source)

    rendered_while(fast, source, grown)
    assert (tmp_path / "out.mp4").exists()
