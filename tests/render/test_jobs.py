"""What the user names becomes one job for each result; whether that may be written is found out before the work begins."""

import os
from pathlib import Path

import pytest

from vidstyle.errors import InputError, OutputError
from vidstyle.render.jobs import Job, check_space, check_target, plan_jobs


def touched(*paths: Path) -> tuple[Path, ...]:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return paths


def test_one_file_goes_into_the_named_file(tmp_path: Path) -> None:
    assert plan_jobs([tmp_path / "a.flv"], tmp_path / "b.mkv") == [Job(tmp_path / "a.flv", tmp_path / "b.mkv")]


def test_a_name_without_suffix_and_an_existing_folder_are_folders(tmp_path: Path) -> None:
    (tmp_path / "there.d").mkdir()
    assert plan_jobs([Path("a.mp4")], tmp_path / "new") == [Job(Path("a.mp4"), tmp_path / "new" / "a.mp4")]
    assert plan_jobs([Path("a.mp4")], tmp_path / "there.d") == [Job(Path("a.mp4"), tmp_path / "there.d" / "a.mp4")]


def test_containers_that_are_not_written_become_mp4(tmp_path: Path) -> None:
    names = [job.target.name for job in plan_jobs([Path("a.flv"), Path("b.webm"), Path("c.png")], tmp_path)]
    assert names == ["a.mp4", "b.webm", "c.png"]


def test_a_folder_gives_its_videos_and_images_in_natural_order(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    touched(*(folder / name for name in ("10.png", "2.PNG", "film.avi", "notes.txt", ".hidden.png")))
    jobs = plan_jobs([folder], tmp_path / "out")
    assert [job.source.name for job in jobs] == ["2.PNG", "10.png", "film.avi"]
    assert [job.is_image for job in jobs] == [True, True, False]


def test_a_folder_of_neither_is_refused(tmp_path: Path) -> None:
    touched(tmp_path / "in" / "notes.txt")
    with pytest.raises(InputError) as caught:
        plan_jobs([tmp_path / "in"], tmp_path / "out")
    assert str(caught.value) == (
        f"The folder {tmp_path}/in holds no video and no image. Give another folder, or a file. It holds notes.txt."
    )


def test_several_sources_do_not_go_into_one_file(tmp_path: Path) -> None:
    (existing,) = touched(tmp_path / "out.mp4")
    with pytest.raises(OutputError) as caught:
        plan_jobs([Path("a.mp4"), Path("b.mp4")], existing)
    assert str(caught.value) == f"{existing} is a file, but 2 results are to be written. Give a folder with -o."


def test_two_sources_never_write_over_each_other(tmp_path: Path) -> None:
    with pytest.raises(OutputError) as caught:
        plan_jobs([Path("one/a.mp4"), Path("two/a.mp4")], tmp_path)
    assert str(caught.value) == (
        f"one/a.mp4 and two/a.mp4 would both become {tmp_path}/a.mp4. Render them into two folders."
    )


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
