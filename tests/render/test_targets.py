"""Whether a result may be written is found out before the work begins."""

import os
from pathlib import Path

import pytest

from vidstyle.errors import OutputError
from vidstyle.render.jobs import check_space, check_target


def refused(source: Path, target: Path, overwrite: bool = False) -> str:
    with pytest.raises(OutputError) as caught:
        check_target(source, target, overwrite=overwrite)
    return str(caught.value)


def test_a_source_is_never_written_over_whatever_it_is_called(tmp_path: Path) -> None:
    source = tmp_path / "a.mp4"
    source.write_bytes(b"film")
    (tmp_path / "soft.mp4").symlink_to(source)
    os.link(source, tmp_path / "hard.mp4")
    (tmp_path / "folder").symlink_to(tmp_path)
    for name in ("a.mp4", "soft.mp4", "hard.mp4", "folder/a.mp4"):
        target = tmp_path / name
        assert refused(source, target, True) == f"{target} is the source itself. Give another name with -o."


def test_an_existing_result_is_kept_unless_told_otherwise(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    target.write_bytes(b"precious")
    assert refused(tmp_path / "a.mp4", target) == f"{target} exists already. Give another name with -o, or --overwrite."
    check_target(tmp_path / "a.mp4", target, overwrite=True)
    assert target.read_bytes() == b"precious"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "out.mp4").mkdir()
    assert "is a folder" in refused(tmp_path / "a.mp4", tmp_path / "out.mp4", True)


def test_a_place_where_nothing_can_be_created_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    message = refused(tmp_path / "a.mp4", tmp_path / "file" / "out.mp4")
    assert message == (
        f"Cannot write into {tmp_path}/file: Not a directory. Choose a folder that can be written with -o."
    )


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_folder_without_rights_is_refused(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    assert "Permission denied" in refused(tmp_path / "a.mp4", locked / "out.mp4")


def test_checking_leaves_nothing_behind(tmp_path: Path) -> None:
    check_target(tmp_path / "a.mp4", tmp_path / "new" / "deep" / "out.mp4", overwrite=False)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_noticed_before_a_long_render(tmp_path: Path) -> None:
    check_space(tmp_path / "new" / "out.mp4", 1)
    with pytest.raises(OutputError, match=r"MiB free, out\.mp4 needs about 1,048,576,000 MiB\. Free some space"):
        check_space(tmp_path / "new" / "out.mp4", 1_048_576_000 << 20)
