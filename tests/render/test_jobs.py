"""What the user names becomes one job for each result."""

from pathlib import Path

import pytest

from vidstyle.errors import InputError, OutputError
from vidstyle.render.jobs import Job, plan_jobs


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
    assert str(caught.value) == f"The folder {tmp_path}/in holds no video and no image. Give another folder, or a file."


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
