"""Part 4: one training step shared by several processes, two over nccl where there are two GPUs, else one.

    python -m benchmarks.on_gpu.processes FIGURES

With one GPU the one process still forms a group over nccl and sums over it, which shows that nccl starts. Rehearsed on a
CPU, two processes share the step over gloo.
"""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import click
import torch
from torch import distributed as group

from benchmarks.on_gpu.figures import Figures, seconds_a_call
from vidstyle.device import DTYPES, resolve_device
from vidstyle.train import distributed
from vidstyle.train.methods.registry import TRAINING_METHODS
from vidstyle.train.settings import TrainSettings

TIMES, BATCH_EACH = 20, 8
PATIENCE = timedelta(seconds=60)


@contextmanager
def joined(name: str) -> Iterator[torch.device]:
    """Yield the device of this process among those that `torchrun` started, also where it is the only one."""
    with distributed.joined(name) as own:
        alone = not group.is_initialized()
        if alone:
            backend = "cpu:gloo,cuda:nccl" if name == "cuda" else "gloo"
            group.init_process_group(backend, timeout=PATIENCE)
        try:
            yield resolve_device(own)
        finally:
            if alone:
                group.destroy_process_group()


def share_steps(figures: Path, rehearse: bool) -> bool:
    """Time steps in this process beside the others; return whether all of them hold the same weights afterwards."""
    with joined("cpu" if rehearse else "cuda") as device:
        count = group.get_world_size()
        ones = torch.ones(1, device=device)
        group.all_reduce(ones)
        small = {"channels": 8, "discriminator_channels": 8, "crop": 32, "load": 32, "batch": count}
        large = {"crop": 256, "load": 256, "batch": BATCH_EACH * count}
        settings = TrainSettings(method="cut", device=device.type, **(small if rehearse else large))
        method = TRAINING_METHODS["cut"](settings, device, DTYPES["fp32" if rehearse else "bf16"])
        random = torch.Generator().manual_seed(group.get_rank())
        side = settings.crop
        photos, paintings = (
            (torch.rand(settings.batch // count, 3, side, side, generator=random) * 2 - 1).to(device) for _ in range(2)
        )
        seconds = seconds_a_call(
            lambda: method.step(photos, paintings, torch.Generator().manual_seed(0)), device, 1 if rehearse else TIMES
        )
        mean = torch.stack([weight.double().mean() for weight in method.generator.parameters()]).cpu()
        sums = [torch.empty_like(mean) for _ in range(count)]
        group.all_gather(sums, mean)
        alike = float(ones) == count and all(torch.equal(sums[0], other) for other in sums)
        if not group.get_rank():
            found = Figures(figures)
            speed = settings.batch / seconds
            found.add("shared steps", processes=count, batch=settings.batch, **{"images/s": speed}, alike=alike)
            found.say(f"{count} processes, {speed:.1f} images a second, weights {'alike' if alike else 'DIFFER'}")
    return alike


def launch(figures: Path, rehearse: bool) -> int:
    """Start the processes and return their exit code."""
    processes = 2 if rehearse else min(2, max(1, torch.cuda.device_count()))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    launcher = ["-m", "torch.distributed.run", f"--nproc_per_node={processes}", f"--master_port={port}"]
    own = ["-m", "benchmarks.on_gpu.processes", str(figures), "--joined", *(["--rehearse"] if rehearse else [])]
    return subprocess.run([sys.executable, *launcher, *own]).returncode


@click.command(help=__doc__)
@click.argument("figures", type=click.Path(path_type=Path))
@click.option("--rehearse", is_flag=True)
@click.option("--joined", "is_joined", is_flag=True, hidden=True, help="This is one of the processes.")
def main(figures: Path, rehearse: bool, is_joined: bool) -> None:
    if is_joined:
        sys.exit(0 if share_steps(figures, rehearse) else "The processes do not learn alike.")
    sys.exit(launch(figures, rehearse))


if __name__ == "__main__":
    main()
