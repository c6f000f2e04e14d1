"""Renders on a Ray cluster of two machines end as those of one process do, whatever is lost on the way."""

import os
import re
import signal
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.clips import make_clip, moving_square
from tests.extras import needs_extra
from tests.render.test_video_on_full_disk import small_file_system
from tests.renders import Crash, assert_same, broken_off, done, shown, told, uneven
from vidstyle.cluster.settings import LOCAL, ClusterSettings
from vidstyle.errors import ClusterError, ExitCode
from vidstyle.progress import OnProgress, Progress, StageResult
from vidstyle.render.settings import RenderSettings
from vidstyle.render.stage import run as run_here
from vidstyle.render.work_folder import RenderFolder

Fast = Callable[..., RenderSettings]
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="Ray's test cluster needs a system that forks")
needs_extra("ray", "ray")
STORE_BYTES = 80 << 20


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two machines of one core, as Ray's own tests simulate them, and none of their processes afterwards."""
    from vidstyle.cluster.session import load_ray

    load_ray()
    from ray.cluster_utils import Cluster

    machine = {"num_cpus": 1, "object_store_memory": STORE_BYTES, "include_dashboard": False}
    made = Cluster(initialize_head=True, head_node_args=machine)
    made.add_node(**machine)
    yield made
    made.shutdown()


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A clip of 50 frames at uneven times with B-frames, sound, held drawings and a cut."""
    draw = moving_square(step=5)
    return make_clip(
        tmp_path / "film.mp4",
        pts=uneven(50),
        time_base=Fraction(1, 90000),
        b_frames=3,
        audio=1,
        pictures=lambda index: draw(index // 2 * 2) if index < 28 else 255 - draw(index),
    )


def on_ray(
    cluster: Any, sources: Path | list[Path], target: Path, settings: RenderSettings, watch: OnProgress = lambda _: None
) -> StageResult:
    from vidstyle.cluster.stage import run

    return run(sources, target, settings, ClusterSettings(), cluster.address, watch)


def when_finished(pieces: int, act: Callable[[], None]) -> OnProgress:
    """Return what does something once, when so many pieces stand."""
    acted: list[bool] = []

    def watch(progress: Progress) -> None:
        if progress.figures.get("finished", 0) >= pieces and not acted:
            acted.append(True)
            act()

    return watch


def crash_when_finished(pieces: int, target: Path) -> OnProgress:
    """Return what crashes when so many pieces stand, the first of them among these: workers may start in any order."""
    journal = target.with_name(f".{target.name}.render") / "journal.jsonl"

    def watch(progress: Progress) -> None:
        stands = progress.figures.get("finished", 0) >= pieces
        if stands and re.search(r'"number": ?0\b', journal.read_text()):
            raise Crash

    return watch


def test_films_on_two_machines_are_those_of_one_process(
    cluster: Any, fast: Fast, tmp_path: Path, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machines see neither films nor style by their paths: all goes through the object store."""
    from vidstyle.cluster import job_spec
    from vidstyle.cluster.worker import Worker

    class Blind(Worker):
        def __init__(self) -> None:
            super().__init__()
            seen, own = job_spec._is_there, str(self._scratch.path)
            job_spec._is_there = lambda file, path: str(path).startswith(own) and seen(file, path)

    monkeypatch.setattr("vidstyle.cluster.stage.Worker", Blind)
    settings = fast(segment=8, flicker="flow", start=0.1)
    films = [film, make_clip(tmp_path / "other.mkv", frames=20)]
    straight = run_here(films, tmp_path / "straight", settings)
    said: list[Progress] = []
    result = on_ray(cluster, films, tmp_path / "out", settings, said.append)
    assert told(result) == told(straight)
    for name in ("film.mp4", "other.mkv"):
        assert_same(tmp_path / "out" / name, tmp_path / "straight" / name)
    last = [one for one in said if not one.note][-1]
    frames, pieces = result.counts["frames"], result.details["ray"]["pieces"]
    assert (last.phase, last.done, last.total) == ("2 videos", frames, frames)
    assert {name: last.figures[name] for name in pieces} == pieces
    assert pieces == {"waiting": 0, "painting": 0, "finished": 6 + 3, "failed": 0}
    assert (result.details["ray"]["workers"], result.details["device"]) == (2, "cpu")


def test_a_piece_that_fails_three_times_is_named_and_the_others_are_kept(
    cluster: Any, fast: Fast, tmp_path: Path, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next run paints it; workers that are killed or end too early cost the piece under way and nothing else."""
    from vidstyle.cluster.worker import Worker

    marks = {name: tmp_path / name for name in ("decided", "killed", "ended")}

    class Failing(Worker):
        def decide(self, packed: bytes, stored: Any) -> Any:
            if not marks["decided"].exists():
                marks["decided"].touch()
                return
            yield from super().decide(packed, stored)

        def paint(self, packed: bytes, stored: Any, resolved: Any, start: Any, until: int) -> Any:
            for kind, value in super().paint(packed, stored, resolved, start, until):
                if kind == "segment" and value["number"] == 2:
                    raise ValueError("a bad day")
                yield kind, value

    class Mortal(Worker):
        def paint(self, packed: bytes, stored: Any, resolved: Any, start: Any, until: int) -> Any:
            for kind, value in super().paint(packed, stored, resolved, start, until):
                if kind == "segment" and not marks["killed"].exists():
                    marks["killed"].touch()
                    os.kill(os.getpid(), signal.SIGKILL)
                if kind == "segment" and not marks["ended"].exists():
                    marks["ended"].touch()
                    return
                yield kind, value

    settings = fast(segment=8, flicker="flow")
    run_here(film, tmp_path / "straight.mp4", settings)
    with monkeypatch.context() as patched, pytest.raises(ClusterError) as caught:
        patched.setattr("vidstyle.cluster.stage.Worker", Failing)
        on_ray(cluster, film, tmp_path / "out.mp4", settings)
    begin, end = ((uneven(50)[frame] - uneven(50)[0]) / 90000 for frame in (16, 23))
    assert str(caught.value) == (
        f"{film}: 1 of 7 pieces failed 3 times: {begin:.2f}-{end:.2f} s (ValueError: a bad day). "
        "42 painted frames are kept; the same command tries the others again."
    )
    assert caught.value.exit_code == ExitCode.CLUSTER
    assert marks["decided"].exists()
    assert len(list(RenderFolder(tmp_path / "out.mp4", ".mp4").path.glob("*.mp4"))) == 6
    monkeypatch.setattr("vidstyle.cluster.stage.Worker", Mortal)
    said: list[Progress] = []
    result = on_ray(cluster, film, tmp_path / "out.mp4", settings, said.append)
    notes = [one.note for one in said if one.note]
    assert notes == [
        f"{tmp_path}/out.mp4: 42 frames are painted already, the rest follows.",
        "piece 3 of film.mp4 failed (its worker was lost); attempt 1 of 3.",
        "piece 3 of film.mp4 failed (its worker ended too early); attempt 2 of 3.",
    ]
    assert result.details["ray"]["lost"] == 1
    assert_same(tmp_path / "out.mp4", tmp_path / "straight.mp4")


def test_a_full_disk_ends_one_film_with_the_words_of_one_process_and_no_other(
    cluster: Any, fast: Fast, tmp_path: Path, film: Path
) -> None:
    settings = fast(segment=8, crf=0)
    big = make_clip(tmp_path / "big.mp4", size=(160, 128), frames=48)
    run_here([big, film], tmp_path / "straight", settings)
    size = (tmp_path / "straight" / "big.mp4").stat().st_size // 1024
    target = tmp_path / "out" / "big.mp4"
    target.parent.mkdir()
    with small_file_system(RenderFolder(target, ".mp4").path, round(size * 0.5)):
        result = on_ray(cluster, [big, film], target.parent, settings)
        kept = 8 * sum(b'"segment"' in line for line in done(RenderFolder(target, ".mp4")))
        assert 0 < kept < 48
        assert result.details["failures"] == {
            str(
                target
            ): f"{target.parent} is full, big.mp4 needs more room. Free some space and give the same command: "
            f"{kept} painted frames are kept, it goes on after them."
        }
        assert result.details["exit_code"] == ExitCode.OUTPUT
        assert list(RenderFolder(target, ".mp4").path.glob("*.part*")) == []
        assert shown(tmp_path / "out" / "film.mp4") == shown(tmp_path / "straight" / "film.mp4")


def test_one_process_goes_on_where_the_cluster_was_left(cluster: Any, fast: Fast, tmp_path: Path, film: Path) -> None:
    settings = fast(segment=8, flicker="flow")
    run_here(film, tmp_path / "straight.mp4", settings)
    with pytest.raises(Crash):
        on_ray(cluster, film, tmp_path / "out.mp4", settings, crash_when_finished(3, tmp_path / "out.mp4"))
    result = run_here(film, tmp_path / "out.mp4", settings)
    assert result.details["files"][str(tmp_path / "out.mp4")]["kept_frames"] >= 8
    assert_same(tmp_path / "out.mp4", tmp_path / "straight.mp4")


def test_a_machine_that_is_lost_costs_the_pieces_under_way(
    cluster: Any, fast: Fast, tmp_path: Path, film: Path
) -> None:
    """The cluster goes on here where one process was broken off."""
    settings = fast(segment=8, flicker="flow")
    straight = run_here(film, tmp_path / "straight.mp4", settings)
    broken_off(film, tmp_path / "out.mp4", settings, 18)
    lost = cluster.list_all_nodes()[-1]
    watch = when_finished(2, lambda: cluster.remove_node(lost))
    result = on_ray(cluster, film, tmp_path / "out.mp4", settings, watch)
    assert result.details["files"][str(tmp_path / "out.mp4")]["kept_frames"] in (8, 16)
    assert told(result) == told(straight)
    assert_same(tmp_path / "out.mp4", tmp_path / "straight.mp4")


@pytest.mark.needs_cuda
def test_a_worker_holds_a_gpu_and_paints_what_one_process_does(fast: Fast, tmp_path: Path, film: Path) -> None:
    from vidstyle.cluster.stage import run

    settings = fast(segment=8, flicker="flow", device="auto", precision="auto")
    run_here(film, tmp_path / "straight.mp4", settings)
    result = run(film, tmp_path / "out.mp4", settings, ClusterSettings(ray_workers=1), LOCAL)
    assert result.details["device"] == "cuda"
    assert_same(tmp_path / "out.mp4", tmp_path / "straight.mp4")
