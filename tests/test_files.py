"""A file appears under its name only when it is whole, and a folder is in the hands of one process."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from vidstyle.errors import OutputError
from vidstyle.files import claimed, locked, remove_stale_partials, whole_file, write_json


def test_a_failure_leaves_what_stood_there_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "result.txt"
    target.write_text("before")
    with pytest.raises(KeyError), whole_file(target) as partial:
        partial.write_text("half")
        raise KeyError
    assert target.read_text() == "before"
    assert list(tmp_path.iterdir()) == [target]


def test_the_name_is_taken_only_at_the_end(tmp_path: Path) -> None:
    target = tmp_path / "new" / "result.txt"
    with whole_file(target) as partial:
        partial.write_text("all")
        assert not target.exists()
    assert target.read_text() == "all"


def test_what_killed_processes_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = tmp_path / f".pixels.partial-{ended.pid}.u8"
    others = [tmp_path / f".pixels.partial-{os.getppid()}.u8", tmp_path / "pixels.u8", tmp_path / ".other.u8"]
    for path in (left, *others):
        path.write_text("half")
    remove_stale_partials(tmp_path / "pixels.u8")
    assert sorted(tmp_path.iterdir()) == sorted(others)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(
        OutputError, match=r"^Cannot write .*file/result\.json: .*Check the path, rights and free space\.$"
    ):
        write_json(tmp_path / "file" / "result.json", {})


HOLDER = "import sys, time; from vidstyle.files import locked; from pathlib import Path\n"
HOLDER += "with locked(Path(sys.argv[1])) as free: print(free, flush=True); time.sleep(60)"


def test_a_lock_is_held_by_one_and_given_back_when_its_holder_is_killed(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(lock)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "True\n"
        with locked(lock) as free:
            assert not free
        holder.kill()
    with locked(lock) as free, locked(lock) as free_for_another:
        assert free and not free_for_another
    with locked(lock) as free:
        assert free


def test_a_lock_whose_file_its_holder_removed_is_free_under_its_name_again(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with locked(folder / "lock") as free:
        assert free
        shutil.rmtree(folder)
        folder.mkdir()
        with locked(folder / "lock") as free_again:
            assert free_again
        shutil.rmtree(folder)
    assert not folder.exists()


def test_a_claimed_folder_is_made_and_refused_to_a_second(tmp_path: Path) -> None:
    lock = tmp_path / "new" / "folder" / "lock"
    with claimed(lock, "It is taken."), pytest.raises(OutputError) as caught, claimed(lock, "It is taken."):
        pytest.fail("two hold one folder")
    assert str(caught.value) == "It is taken."
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError) as caught, claimed(tmp_path / "file" / "lock", "It is taken."):
        pytest.fail("a file is held as a folder")
    assert str(caught.value) == (
        f"Cannot write into {tmp_path}/file: File exists. Check the path, rights and free space."
    )
