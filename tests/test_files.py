"""A file appears under its name only when it is whole, and a folder is in the hands of one process."""

import errno
import fcntl
import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from vidstyle.errors import OutputError
from vidstyle.files import (
    claimed,
    flush,
    free_bytes,
    hidden_name,
    locked,
    remove_stale_partials,
    shortened,
    whole_file,
    write_json,
)


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


LONG_NAMES = ["映" * 82 + ".mp4", "e" * 251 + ".mp4", "x" * 255]


@pytest.mark.parametrize("name", LONG_NAMES)
def test_a_file_with_the_longest_name_is_written_whole_and_leaves_nothing_beside_it(tmp_path: Path, name: str) -> None:
    assert len(os.fsencode(name)) > 240
    with whole_file(tmp_path / name) as partial:
        partial.write_text("all")
        assert len(os.fsencode(partial.name)) <= 143
    assert [path.name for path in tmp_path.iterdir()] == [name]
    left = partial.with_name(partial.name.replace(f"-{os.getpid()}", "-999999999"))
    left.write_text("half")
    remove_stale_partials(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_names_that_end_differently_have_different_hidden_names_however_long() -> None:
    first, second = (hidden_name(f"{'x' * 240}{number}.mp4", "render") for number in (1, 2))
    assert first != second
    assert hidden_name("film.mp4", "render") == ".film.mp4.render"


@pytest.mark.parametrize("name", LONG_NAMES)
def test_a_name_is_shortened_between_letters_until_it_can_be_had(tmp_path: Path, name: str) -> None:
    short = shortened(name, "_01.mp4")
    assert name.startswith(short.removesuffix("_01.mp4"))
    (tmp_path / short).touch()


def test_names_that_are_not_utf8_are_kept_in_json(tmp_path: Path) -> None:
    content = {"name": "Fu\udcdfball é 映"}
    write_json(tmp_path / "a.json", content)
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert json.loads(text) == content
    assert "é 映" in text


@pytest.mark.parametrize("refusal", [errno.EINVAL, errno.ENOTSUP, errno.ENOSYS])
def test_a_file_system_that_cannot_be_asked_to_flush_is_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: int
) -> None:
    def refuse(handle: int) -> None:
        raise OSError(refusal, os.strerror(refusal))

    monkeypatch.setattr(os, "fsync", refuse)
    write_json(tmp_path / "a.json", {})
    assert (tmp_path / "a.json").exists()


def test_a_disk_that_fails_while_flushing_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(handle: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OutputError, match="Input/output error"):
        write_json(tmp_path / "a.json", {})
    with pytest.raises(OSError, match="Input/output error"):
        flush(tmp_path)


def test_a_file_system_that_does_not_say_how_much_room_it_has_is_not_taken_for_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    assert (free_bytes(tmp_path) or 0) > 0
    nothing = os.statvfs_result([4096, 4096, 0, 0, 0, 0, 0, 0, 0, 255])  # as cloud drives say
    monkeypatch.setattr(os, "statvfs", lambda path: nothing)
    assert free_bytes(tmp_path) is None
    monkeypatch.setattr(os, "statvfs", refuse)
    assert free_bytes(tmp_path) is None


@pytest.mark.parametrize("refusal", [errno.ENOSYS, errno.ENOTSUP, errno.EINVAL, errno.ENOLCK])
def test_without_locks_a_run_goes_on_and_says_so_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: int
) -> None:
    def refuse(handle: int, operation: int) -> None:
        raise OSError(refusal, os.strerror(refusal))

    monkeypatch.setattr(fcntl, "flock", refuse)
    monkeypatch.setattr("vidstyle.files._told_of", set())
    told: list[str] = []
    for name in ("first", "second", "first"):
        with claimed(tmp_path / name / "lock", "It is taken.", told.append):
            assert stat.S_ISDIR((tmp_path / name).stat().st_mode)
    assert told == [f"The file system of {tmp_path / 'first'} has no locks. Do not start a second run on it meanwhile."]
    with locked(tmp_path / "first" / "lock") as free:
        assert free


def test_a_limit_on_the_size_of_files_is_named(tmp_path: Path) -> None:
    said = r"File too large\. Raise the limit on the size of files \(`ulimit -f`\)"
    with pytest.raises(OutputError, match=said), whole_file(tmp_path / "a"):
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
