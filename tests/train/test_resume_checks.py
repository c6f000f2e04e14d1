"""One process trains a run at a time, and what a kill leaves of its files does not stand in the way."""

import csv
import shutil
from pathlib import Path

import pytest
import torch

from tests.train.conftest import small
from vidstyle.errors import OutputError, SettingsError, StyleError
from vidstyle.progress import Progress, silent
from vidstyle.run_folder import RunFolder, read_log
from vidstyle.train.log import Log
from vidstyle.train.stage import run


@pytest.mark.parametrize("restart", [False, True])
def test_a_run_under_way_is_left_alone_by_a_second_process(dataset: Path, tmp_path: Path, restart: bool) -> None:
    refused: list[str] = []

    def meddle(progress: Progress) -> None:
        if progress.phase == "training" and progress.done == 3:
            with pytest.raises(OutputError) as caught:
                run(dataset, tmp_path, small(restart=restart), silent)
            refused.append(str(caught.value))

    run(dataset, tmp_path, small(), meddle)
    assert refused == [f"{tmp_path}/cut++ is being trained by another run. Wait for it, or give another --name."]
    assert [row["step"] for row in read_log(tmp_path / "cut++" / "log.csv")] == [2, 4, 6]
    run(dataset, tmp_path, small(restart=True), silent)


def test_restart_leaves_nothing_of_the_run_before(dataset: Path, tmp_path: Path) -> None:
    run(dataset, tmp_path, small(sample_every=2), silent)
    (tmp_path / "cut++" / "style-best.safetensors").write_bytes(b"of before")
    run(dataset, tmp_path, small(restart=True, steps=1), silent)
    folder = tmp_path / "cut++"
    assert not (folder / "style-best.safetensors").exists()
    assert [path.name for path in (folder / "samples").iterdir()] == ["0000001.png"]


def test_a_restart_that_cannot_begin_removes_nothing(dataset: Path, tmp_path: Path) -> None:
    run(dataset, tmp_path, small(), silent)
    (bad := tmp_path / "bad.safetensors").write_bytes(b"no weights")
    with pytest.raises(StyleError, match=r"bad\.safetensors"):
        run(dataset, tmp_path, small(restart=True, vgg16=str(bad)), silent)
    assert [row["step"] for row in read_log(tmp_path / "cut++" / "log.csv")] == [2, 4, 6]


def test_a_folder_that_cannot_be_made_is_named(dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")
    with pytest.raises(OutputError) as caught:
        run(dataset, tmp_path / "runs", small(), silent)
    assert str(caught.value).startswith(f"Cannot write into {tmp_path}/runs/cut++: ")


@pytest.mark.parametrize("torn", ["5,0.0002,0.1", "5,0.0002,0.1,1,1,1,1,0.2", "5,0.0002,0.1,1,1,1,1,0.2" * 2 + "\r\n"])
def test_a_row_that_a_crash_cut_short_does_not_stop_the_run(dataset: Path, tmp_path: Path, torn: str) -> None:
    run(dataset, tmp_path, small(), silent)
    log = tmp_path / "cut++" / "log.csv"
    with log.open("a", newline="") as file:
        file.write(torn)
    run(dataset, tmp_path, small(steps=10), silent)
    with log.open() as file:
        assert [row["step"] for row in csv.DictReader(file)] == ["2", "4", "6", "8", "10"]


def test_the_rows_of_a_log_are_on_the_disk_as_soon_as_it_is_taken_up(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    for step in (2, 4):
        log = Log(path, ("NCE",), step)
        assert [row["step"] for row in read_log(path)] == list(range(2, step, 2))
        log.write(step, {"NCE": 1.0})
        log.close()
    open_log = Log(path, ("NCE",), 4)
    assert read_log(path) == [{"step": 2, "NCE": 1}, {"step": 4, "NCE": 1}]
    open_log.close()


def test_settings_that_did_not_work_bind_nobody(dataset: Path, tmp_path: Path, random_vgg16: Path) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no weights")
    with pytest.raises(StyleError):
        run(dataset, tmp_path, small(method="rt", vgg16=str(bad), steps=1), silent)
    run(dataset, tmp_path, small(method="rt", vgg16=str(random_vgg16), steps=1), silent)
    other = shutil.copy(random_vgg16, tmp_path / "other.safetensors")
    with pytest.raises(SettingsError, match=r"^.*/rt was started with vgg16 "):
        run(dataset, tmp_path, small(method="rt", vgg16=str(other), steps=1), silent)
    assert torch.load(RunFolder(tmp_path / "rt").checkpoint, weights_only=True)["step"] == 1
