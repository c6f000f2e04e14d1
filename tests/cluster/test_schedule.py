"""Which worker paints what, and which files workers have: the parts that need no Ray."""

from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.clips import make_clip
from vidstyle.cluster.job_spec import MissingFiles, SharedFile, local_paths
from vidstyle.cluster.schedule import MOST_PIECES, next_task
from vidstyle.cluster.settings import ClusterSettings
from vidstyle.cluster.worker import ScratchFolder
from vidstyle.errors import SettingsError
from vidstyle.files import locked


def video(pieces: int, *, decided: bool = True) -> Any:
    return SimpleNamespace(
        waiting=list(range(pieces)),
        painting=set(),
        attempts=Counter(),
        decided={} if decided else None,
        deciding=False,
        error=None,
        ends=[SimpleNamespace(pictures=10 * number) for number in range(1, pieces + 1)],
    )


def shares(made: Any, workers: int) -> list[int]:
    sizes = []
    while task := next_task([made], workers):
        sizes.append(len(task.numbers or ()))
    return sizes


def test_workers_get_many_pieces_at_first_and_single_ones_at_the_end() -> None:
    one = video(100)
    sizes = shares(one, 4)
    assert sizes[:3] == [12, 11, 9] and sizes[-8:] == [1] * 8
    assert sizes == sorted(sizes, reverse=True) and sum(sizes) == 100
    assert one.painting == set(range(100))
    assert shares(video(1000), 2)[0] == MOST_PIECES


def test_a_video_is_decided_on_by_one_worker_while_others_paint_the_next() -> None:
    first, second = video(4, decided=False), video(4)
    task = next_task([first, second], 2)
    assert task is not None and (task.video, task.numbers) == (first, None)
    task = next_task([first, second], 2)
    assert task is not None and (task.video, task.numbers) == (second, [0])


def test_a_piece_that_has_failed_takes_no_other_along() -> None:
    one = video(40)
    one.attempts.update([0, 3])
    numbers = [task.numbers for _ in range(3) if (task := next_task([one], 1))]
    assert numbers == [[0], [1, 2], [3]]


def test_pieces_that_stand_are_not_painted_again() -> None:
    one = video(40)
    one.waiting = [0, 1, 5, 6, 7, 30]
    tasks = [task for _ in range(6) if (task := next_task([one], 1))]
    assert [(task.numbers, task.begun) for task in tasks] == [([0, 1], 0), ([5, 6], 50), ([7], 70), ([30], 300)]


def test_a_file_that_is_another_one_on_a_machine_is_not_taken_for_the_drivers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_clip(tmp_path / "film.mp4", frames=3)
    shared, content = SharedFile.of(path), path.read_bytes()
    assert local_paths([shared], {}, tmp_path / "scratch") == {path: path}
    path.write_bytes(b"another film")
    with pytest.raises(MissingFiles) as caught:
        local_paths([shared], {}, tmp_path / "scratch")
    assert caught.value.paths == (str(path),)
    store = SimpleNamespace(get=lambda part: content[part])
    monkeypatch.setattr("vidstyle.cluster.job_spec.load_ray", lambda: store)
    places = local_paths([shared], {str(path): [slice(0, 100), slice(100, None)]}, tmp_path / "scratch")
    assert places[path].parent == tmp_path / "scratch" and places[path].read_bytes() == content
    other = SharedFile.of(path)
    assert local_paths([other], {}, tmp_path / "scratch") == {path: path}
    assert list((tmp_path / "scratch").iterdir()) == []


def test_what_a_worker_left_behind_goes_when_another_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    killed, alive = ScratchFolder(), ScratchFolder()
    killed._held.close()
    third = ScratchFolder()
    assert set(tmp_path.iterdir()) == {alive.path, third.path}
    third.remove()
    assert set(tmp_path.iterdir()) == {alive.path}
    alive.remove()


def test_a_worker_keeps_its_folder_though_another_sweeps_before_it_is_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    fcntl = pytest.importorskip("fcntl", reason="another system's lock")
    flock, others = fcntl.flock, list[Any]()

    def late(handle: int, operation: int) -> None:
        if not others:
            others.append("began")
            others.append(ScratchFolder())
        flock(handle, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    mine = ScratchFolder()
    monkeypatch.setattr(fcntl, "flock", flock)
    assert set(tmp_path.iterdir()) == {mine.path, others[1].path}
    with locked(mine.path / "lock") as free:
        assert not free


def test_parts_of_gpus_are_dealt_out_below_one_only() -> None:
    assert ClusterSettings(ray_gpus=0.5).ray_gpus == 0.5
    with pytest.raises(SettingsError) as caught:
        ClusterSettings(ray_gpus=1.5)
    assert str(caught.value) == "ray-gpus cannot be 1.5: above 1 Ray deals out whole ones."
