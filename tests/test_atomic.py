"""A file appears under its name only when it is whole."""

from pathlib import Path

import pytest

from vidstyle.atomic import whole_file, write_json
from vidstyle.errors import OutputError


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


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(
        OutputError, match=r"^Cannot write .*file/result\.json: .*Check the path, rights and free space\.$"
    ):
        write_json(tmp_path / "file" / "result.json", {})
