"""Two processes learn what one would, and leave one run."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.commands import Commands
from tests.train.conftest import small
from vidstyle.errors import DeviceError, SettingsError
from vidstyle.progress import silent
from vidstyle.run_folder import RunFolder, read_log
from vidstyle.train import distributed
from vidstyle.train.stage import run

SETTINGS: dict[str, Any] = {"batch": 2, "augment": "colour,translation,cutout", "log_every": 1, "ema": 0.0}


@pytest.fixture(autouse=True, scope="module")
def narrow_embeddings() -> None:
    """Embeddings as they are: the processes that are started have no others, and are compared with this one."""


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    """Starts processes that have loaded what training needs."""
    if not hasattr(os, "fork"):
        pytest.skip("needs a system that forks")
    loaded = ("vidstyle.train.stage", "torch._dynamo")  # the latter comes with torch's optimisers, and takes 2 s
    with Commands(tmp_path_factory.mktemp("commands") / "log", loaded) as commands:
        yield commands


def _command(dataset: Path, where: Path, **settings: object) -> list[str]:
    stated = small(**{**SETTINGS, **settings}).record()
    sizes = ("channels", "discriminator_channels", "blocks", "crop", "load", "patches")
    given = {name: stated[name] for name in sizes if name in stated}
    given |= {"runs": where / "runs", "precision": "fp32", "device": "cpu", **SETTINGS, **settings}
    return ["train", str(dataset), *(f"--{name.replace('_', '-')}={value}" for name, value in given.items())]


def _state(where: Path, name: str) -> dict[str, Any]:
    return torch.load(RunFolder(where / "runs" / name).checkpoint, weights_only=True)


def test_two_processes_have_the_gradients_of_one_and_another_number_goes_on(
    dataset: Path, tmp_path: Path, commands: Commands
) -> None:
    codes = commands.run_together(*_command(dataset, tmp_path, name="shared", steps=1))
    said = commands.log.read_text()
    assert codes == [0, 0], said
    assert said.count("Trained 1 steps on 5 photos and 3 paintings.") == 1
    run(dataset, tmp_path / "runs", small(**SETTINGS, name="alone", steps=1), silent)
    one, two = (_state(tmp_path, name)["method"]["optimizers"] for name in ("alone", "shared"))
    for alone, shared in zip(one, two, strict=True):
        gradient, other = (
            torch.cat([kept["exp_avg"].flatten() for kept in optimizer["state"].values()])
            for optimizer in (alone, shared)
        )
        assert gradient.norm() > 1e-3
        assert (gradient - other).norm() < 1e-4 * gradient.norm()
    for name in ("alone", "shared"):
        run(dataset, tmp_path / "runs", small(**SETTINGS, name=name, steps=4), silent)
    logs = [read_log(tmp_path / "runs" / name / "log.csv") for name in ("alone", "shared")]
    for row, other_row in zip(*logs, strict=True):
        names = [name for name in row if name != "seconds_per_step"]
        assert [row[name] for name in names] == pytest.approx([other_row[name] for name in names], rel=2e-3)
    files = [{path.name for path in (tmp_path / "runs" / name).iterdir()} for name in ("alone", "shared")]
    assert files[0] == files[1]


def test_two_processes_with_pools_of_images_resume_to_the_bit(
    dataset: Path, tmp_path: Path, commands: Commands
) -> None:
    pooled = {"method": "cyclegan", "pool": 2}
    for name, lengths in (("straight", [5]), ("resumed", [3, 5])):
        for steps in lengths:
            command = _command(dataset, tmp_path, name=name, steps=steps, **pooled)
            assert commands.run_together(*command) == [0, 0], commands.log.read_text()
    one, other = (_state(tmp_path, name)["method"] for name in ("straight", "resumed"))
    assert len(one["pools"]["A"]) == 4
    assert all(torch.equal(*pair) for pair in zip(one["pools"]["A"], other["pools"]["A"], strict=True))
    networks = zip(one["networks"].values(), other["networks"].values(), strict=True)
    assert all(torch.equal(left[name], right[name]) for left, right in networks for name in left)
    run(dataset, tmp_path / "runs", small(**SETTINGS, **pooled, name="resumed", steps=6), silent)


@pytest.mark.parametrize(
    ("processes", "shares"), [(1, [[0, 1, 2]]), (2, [[0, 1], [2, 3]]), (3, [[0], [1], [2]]), (6, [[]] * 6)]
)
def test_pools_are_shared_out_equally(monkeypatch: pytest.MonkeyPatch, processes: int, shares: list[list[int]]) -> None:
    pools = [torch.tensor(number) for number in range(5)]
    monkeypatch.setattr(distributed, "count", lambda: processes)
    for number, share in enumerate(shares):
        monkeypatch.setattr(distributed, "rank", lambda number=number: number)
        assert [int(image) for image in distributed.own_share(pools, 3)] == share


def test_a_request_to_stop_several_processes_keeps_everything(dataset: Path, tmp_path: Path) -> None:
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node=2", "--standalone", "-m", "vidstyle"]
    started = subprocess.Popen(
        [*torchrun, *_command(dataset, tmp_path, name="stopped", steps=100_000)],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    log = tmp_path / "runs" / "stopped" / "log.csv"
    until = time.monotonic() + 100
    while time.monotonic() < until and not (log.is_file() and len(log.read_text().splitlines()) > 3):
        time.sleep(0.1)
    started.send_signal(signal.SIGINT)
    _, said = started.communicate(timeout=60)
    step = _state(tmp_path, "stopped")["step"]
    assert step >= 3
    assert said.count(f"Stopped after step {step:,}; everything is kept. Give the same command to go on.") == 1


_PARTS = """
import os, sys
from pathlib import Path
from vidstyle.train.distributed import any_of, joined
child = os.fork()
os.environ["RANK"] = "0" if child else "1"
with joined("cpu"):
    import torch.distributed.nn.functional
    any_of(False)
names = [(task / "comm").read_text().strip() for task in Path("/proc/self/task").iterdir()]
os.write(1, (" ".join(names) + chr(10)).encode())  # in one go: both processes write into the same pipe
if child:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
"""Two processes that share one start; the first one ends as the second one did."""


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are counted in /proc")
def test_no_thread_of_the_exchange_outlives_it_to_abort_the_exit() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    shared = {**os.environ, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": "1"}
    started = subprocess.run([sys.executable, "-c", _PARTS], env=shared, capture_output=True, text=True, timeout=120)
    assert started.returncode == 0, started.stderr
    threads = started.stdout.splitlines()
    assert len(threads) == 2 and all(names.strip() and "gloo" not in names for names in threads)


def test_what_processes_cannot_share_is_refused(dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributed, "count", lambda: 4)
    with pytest.raises(SettingsError) as caught:
        run(dataset, tmp_path, small(batch=6), silent)
    assert str(caught.value) == "A batch of 6 cannot be shared by 4 processes. Give --batch 8."
    with pytest.raises(SettingsError) as caught:
        run(dataset, tmp_path, small(method="cmd"), silent)
    assert str(caught.value) == "The method cmd works in one process. Start it without torchrun."
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(DeviceError) as refused:
        run(dataset, tmp_path, small(device="mps"), silent)
    assert str(refused.value) == "Several processes cannot share the device mps. Use --device cuda, cpu or auto."


@pytest.mark.needs_cuda
def test_each_process_takes_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_RANK", "0")
    assert distributed._own_device("auto") == "cuda:0"
    monkeypatch.setenv("LOCAL_RANK", str(torch.cuda.device_count()))
    with pytest.raises(
        DeviceError, match=r"^There are more processes than CUDA devices\. Give torchrun --nproc_per_node="
    ):
        distributed._own_device("cuda")
