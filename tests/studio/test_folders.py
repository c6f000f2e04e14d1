"""The page reads and writes inside its folders alone, whatever name it is asked for."""

import os
from pathlib import Path

import pytest

from vidstyle.errors import InputError, OutputError
from vidstyle.studio.folders import Folders

OUTSIDE = (
    "../../etc/passwd",
    "/etc/passwd",
    "sub/../../x",
    ".hidden.mp4",
    "leads_out.mp4",
    "folder_out/secret.txt",
    "",
    "a\0b",
    "clip.mp4/../../x",
)


@pytest.mark.parametrize("name", OUTSIDE)
def test_what_is_outside_is_neither_read_nor_written(place: Path, name: str) -> None:
    folders = Folders([place])
    with pytest.raises(InputError):
        folders.existing(name)
    with pytest.raises(OutputError):
        folders.writable(name)


def test_lists_hold_only_what_may_be_read(place: Path) -> None:
    assert Folders([place]).files([".mp4", ".txt"]) == ["clip.mp4", "text.mp4"]


def test_circles_of_links_and_names_that_are_no_text_hide_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "loop.png").symlink_to("loop.png")
    (tmp_path / "gone.png").symlink_to("nowhere.png")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/b\xffd.png")).touch()
    (tmp_path / "good.png").touch()
    assert Folders([tmp_path]).files([".png"]) == ["good.png"]


def test_a_file_of_a_second_folder_is_named_with_its_folder(place: Path, tmp_path: Path) -> None:
    second = tmp_path / "films"
    second.mkdir()
    (second / "film.mp4").touch()
    folders = Folders([place, second])
    assert folders.files([".mp4"]) == ["clip.mp4", "films:film.mp4", "text.mp4"]
    assert folders.existing("films:film.mp4") == second.resolve() / "film.mp4"
    with pytest.raises(InputError, match="outside"):
        folders.existing("films:../place/clip.mp4")


def test_a_result_may_have_a_new_name_in_a_new_folder(place: Path) -> None:
    assert Folders([place]).writable("new/out.mp4") == place.resolve() / "new" / "out.mp4"


def test_a_folder_that_is_not_there_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no folder"):
        Folders([tmp_path / "none"])
