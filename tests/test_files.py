"""A file appears under its name only when it is whole."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from vidstyle.errors import OutputError
from vidstyle.files import remove_stale_partials, whole_file, write_json


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
