"""Two processes learn what one would, and leave one run."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from vidstyle.errors import ExitCode
from vidstyle.run_folder import RunFolder, read_log

SETTINGS = {
    **{"channels": 4, "discriminator-channels": 4, "blocks": 5, "crop": 32, "load": 40, "patches": 32, "batch": 2},
    **{"precision": "fp32", "device": "cpu", "augment": "colour,translation,cutout", "log-every": 1, "ema": 0.0},
}


def _command(dataset: Path, processes: int, **settings: object) -> list[str]:
    options = [f"--{name.replace('_', '-')}={value}" for name, value in {**SETTINGS, **settings}.items()]
    launcher = (
        ["-m", "torch.distributed.run", f"--nproc_per_node={processes}", "--master-port=0"] if processes > 1 else []
    )
    return [sys.executable, *launcher, "-m", "vidstyle", "train", str(dataset), *options]


def _train(dataset: Path, where: Path, processes: int, **settings: object) -> subprocess.CompletedProcess[str]:
    command = _command(dataset, processes, **settings)
    return subprocess.run(
        command, cwd=where, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )


def _state(where: Path, name: str) -> dict:
    return torch.load(RunFolder(where / "runs" / name).checkpoint, weights_only=True)


def test_gradients_of_two_processes_are_those_of_one_with_both_images(dataset: Path, tmp_path: Path) -> None:
    for processes in (1, 2):
        done = _train(dataset, tmp_path, processes, name=f"p{processes}", steps=1)
        assert done.returncode == ExitCode.OK, done.stderr
    one, two = (_state(tmp_path, name)["method"]["optimizers"] for name in ("p1", "p2"))
    compared = 0
    for alone, shared in zip(one, two, strict=True):
        for number, kept in alone["state"].items():
            gradient, other = kept["exp_avg"], shared["state"][number]["exp_avg"]
            assert (gradient - other).abs().max() <= 1e-4 * gradient.abs().max() + 1e-9
            compared += int(gradient.abs().max() > 1e-7)
    assert compared > 40


def test_a_run_goes_on_with_another_number_of_processes_and_is_written_once(dataset: Path, tmp_path: Path) -> None:
    first = _train(dataset, tmp_path, 2, name="moved", steps=3)
    assert first.returncode == ExitCode.OK, first.stderr
    assert first.stderr.count("Trained 3 steps") == 1
    assert _train(dataset, tmp_path, 1, name="moved", steps=6).returncode == ExitCode.OK
    assert _train(dataset, tmp_path, 1, name="straight", steps=6).returncode == ExitCode.OK
    moved, straight = (read_log(tmp_path / "runs" / name / "log.csv") for name in ("moved", "straight"))
    assert [row["step"] for row in moved] == [1, 2, 3, 4, 5, 6]
    for row, other in zip(moved, straight, strict=True):
        names = [name for name in row if name != "images_per_second"]
        assert [row[name] for name in names] == pytest.approx([other[name] for name in names], rel=2e-3)
    assert {path.name for path in (tmp_path / "runs" / "moved").iterdir()} == {
        path.name for path in (tmp_path / "runs" / "straight").iterdir()
    }


def test_a_batch_that_cannot_be_shared_and_a_method_for_one_process_are_refused(dataset: Path, tmp_path: Path) -> None:
    done = _train(dataset, tmp_path, 2, batch=1, steps=1)
    assert "Error: A batch of 1 cannot be shared by 2 processes. Give --batch 2." in done.stderr
    assert not (tmp_path / "runs").exists()


def test_a_request_to_stop_keeps_everything(dataset: Path, tmp_path: Path) -> None:
    command = _command(dataset, 2, name="stopped", steps=100_000)
    started = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    log = tmp_path / "runs" / "stopped" / "log.csv"
    until = time.monotonic() + 60
    while time.monotonic() < until and not (log.is_file() and len(log.read_text().splitlines()) > 3):
        time.sleep(0.2)
    started.send_signal(signal.SIGINT)
    _, said = started.communicate(timeout=60)
    assert said.count("everything is kept. Give the same command to go on.") == 1
    step = _state(tmp_path, "stopped")["step"]
    assert step >= 3
    assert f"Stopped after step {step:,};" in said
