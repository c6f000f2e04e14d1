"""Seasons: many episodes at once give what they give one at a time, and a run that was killed is taken up again."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.clips import make_clip
from tests.drawings import drawing
from vidstyle.errors import InputError, OutputError
from vidstyle.extract import episodes
from vidstyle.extract.settings import ExtractSettings
from vidstyle.extract.stage import run
from vidstyle.files import locked
from vidstyle.progress import Progress

FRAMES = 24
SIZE = (160, 92)


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("season")
    for number in range(4):
        make_clip(
            folder / f"e{number}.mp4",
            size=SIZE,
            frames=FRAMES,
            rate=12,
            pictures=lambda index, number=number: drawing(10 * number + index // 12, SIZE),
        )
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder, those of hidden folders too."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_many_at_once_give_what_one_at_a_time_gives(
    season: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = []
    for cores in (2, 16):
        monkeypatch.setattr(episodes, "cpu_count", lambda cores=cores: cores)
        run([season], tmp_path / str(cores), ExtractSettings())
        results.append(contents(tmp_path / str(cores)))
    assert results[0] == results[1]
    assert len(results[0]) > 8


def test_one_bar_counts_the_frames_of_all(season: Path, tmp_path: Path) -> None:
    seen: list[Progress] = []
    run([season], tmp_path / "b", ExtractSettings(), seen.append)
    reading = [one for one in seen if one.phase == "read 4 episodes"]
    assert [one.done for one in reading] == sorted(one.done for one in reading)
    assert (reading[-1].done, reading[-1].total) == (4 * FRAMES, 4 * FRAMES)
    assert {one.phase for one in seen} == {"read 4 episodes", "write"}


def stop_after(frames: int) -> Any:
    def interrupt(progress: Progress) -> None:
        if progress.done >= frames:
            raise KeyboardInterrupt

    return interrupt


def test_a_run_broken_off_goes_on_after_the_episodes_that_are_done(season: Path, tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    run([season], whole, ExtractSettings())
    with pytest.raises(KeyboardInterrupt):
        run([season], broken, ExtractSettings(), stop_after(2 * FRAMES + 10))
    assert [path.name for path in broken.iterdir()] == [".candidates"]
    assert sorted(path.name for path in (broken / ".candidates").glob("*.json")) == ["e0.json", "e1.json"]
    seen: list[Progress] = []
    run([season], broken, ExtractSettings(), seen.append)
    assert [one.done for one in seen[:2]] == [FRAMES, 2 * FRAMES], "the episodes that were done are not read again"
    assert contents(broken) == contents(whole)


def test_what_was_read_with_other_settings_or_of_another_file_is_read_again(season: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run([season], tmp_path / "b", ExtractSettings(), stop_after(2 * FRAMES + 10))
    run([season], tmp_path / "b", ExtractSettings(every=0.5))
    run([season], tmp_path / "fresh", ExtractSettings(every=0.5))
    assert contents(tmp_path / "b") == contents(tmp_path / "fresh")


def test_an_episode_that_fails_stops_the_others_and_is_named(season: Path, tmp_path: Path) -> None:
    late = ExtractSettings(start=1.0)
    short = make_clip(tmp_path / "short.mp4", size=SIZE, frames=6, rate=12)
    with pytest.raises(InputError, match=r"short\.mp4 gave no picture in the asked range"):
        run([season, short], tmp_path / "b", late)
    assert not list((tmp_path / "b").glob("*.png"))


def test_two_runs_do_not_fill_one_folder_at_once(season: Path, tmp_path: Path) -> None:
    (tmp_path / "b" / ".candidates").mkdir(parents=True)
    with locked(tmp_path / "b" / ".candidates" / "lock") as free:
        assert free
        with pytest.raises(OutputError) as caught:
            run([season], tmp_path / "b", ExtractSettings())
    assert str(caught.value) == (
        f"Another vidstyle extract is filling {tmp_path / 'b'}. Wait for it, or give another folder."
    )
    assert run([season], tmp_path / "b", ExtractSettings()).counts["sources"] == 4


def test_a_killed_run_leaves_what_the_next_one_needs_and_clears_the_rest(season: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "vidstyle", "extract", str(season), "-o", str(tmp_path / "b"), "--deblur", "none"]
    staging = tmp_path / "b" / ".candidates"
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ))
    while process.poll() is None and not (staging / "e0.json").exists():
        time.sleep(0.01)
    process.kill()
    process.wait()
    (staging / "half.nut").write_bytes(b"half")
    run([season], tmp_path / "b", ExtractSettings(deblur="none"))
    run([season], tmp_path / "fresh", ExtractSettings(deblur="none"))
    assert contents(tmp_path / "b") == contents(tmp_path / "fresh")
    assert json.loads((tmp_path / "b" / "manifest.json").read_text())["counts"]["sources"] == 4
