"""One run on several processes, as `torchrun` starts them: each learns from its share of every batch, and all as one."""

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch
from torch import Tensor, distributed, nn

from vidstyle.errors import DeviceError, SettingsError, TrainingError

_PATIENCE = timedelta(hours=2)
"""How long processes wait for the first, which decodes images, paints samples and computes scores."""


def count() -> int:
    """Return how many processes work on the run."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def rank() -> int:
    """Return the number of this process; 0 is the one that writes and speaks."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def is_first() -> bool:
    """Return whether this process was started alone or as the first of several, joined yet or not."""
    return os.environ.get("RANK", "0") == "0"


@contextmanager
def joined(device: str) -> Iterator[str]:
    """Join the other processes, if `torchrun` started some, and yield the device of this one; part when the block ends.

    CPU tensors travel by gloo, CUDA tensors by nccl. Raises DeviceError for a device that processes cannot share.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield device
        return
    # Its defaults keep the group that exists when torch first imports it, later by itself, and with the group threads that
    # would outlive the interpreter.
    importlib.import_module("torch.distributed.nn.functional")
    own = _own_device(device)
    distributed.init_process_group("cpu:gloo,cuda:nccl" if own.startswith("cuda") else "gloo", timeout=_PATIENCE)
    try:
        yield own
    finally:
        distributed.destroy_process_group()


def _own_device(device: str) -> str:
    if device not in ("auto", "cuda", "cpu"):
        raise DeviceError(f"Several processes cannot share the device {device}. Use --device cuda, cpu or auto.")
    if device == "cpu" or (device == "auto" and not torch.cuda.is_available()):
        return "cpu"
    local, there = int(os.environ["LOCAL_RANK"]), torch.cuda.device_count()
    if local >= there:
        raise DeviceError(f"There are more processes than CUDA devices. Give torchrun --nproc_per_node={there}.")
    torch.cuda.set_device(local)
    return f"cuda:{local}"


def check_batch(batch: int) -> None:
    """Raise SettingsError when a batch cannot be dealt out equally to all processes."""
    if batch % count():
        wanted = -(-batch // count()) * count()
        raise SettingsError(f"A batch of {batch} cannot be shared by {count()} processes. Give --batch {wanted}.")


def own_rows(rows: Tensor) -> Tensor:
    """Return this process's share of what has a row for each image of a batch."""
    size = len(rows) // count()
    return rows[rank() * size :][:size]


@contextmanager
def first_before_others() -> Iterator[None]:
    """Let the other processes enter the block when the first has left it."""
    if rank():
        any_of(False)
    yield
    if not rank():
        any_of(False)


@torch.no_grad()
def average_gradients(network: nn.Module) -> None:
    """Make the gradients of `network` the means of those of all processes, in one exchange."""
    if count() == 1:
        return
    gradients = [one.grad for one in network.parameters() if one.grad is not None]
    joint = _summed(torch.cat([one.flatten() for one in gradients])) / count()
    parts = joint.split([one.numel() for one in gradients])
    for gradient, part in zip(gradients, parts, strict=True):
        gradient.copy_(part.view_as(gradient))


def average(values: dict[str, float]) -> dict[str, float]:
    """Return the means of `values` over all processes."""
    means = _summed(torch.tensor(list(values.values()), dtype=torch.float64)) / count()
    return dict(zip(values, means.tolist(), strict=True))


def any_of(flag: bool) -> bool:
    """Return, when all processes have asked, whether `flag` is true in any of them."""
    return bool(_summed(torch.tensor(int(flag))))


def gathered(images: list[Tensor]) -> list[Tensor]:
    """Return the images of all processes on the CPU, those of the first in front."""
    if count() == 1:
        return images
    found: list[Any] = [None] * count()
    with _others_present():
        distributed.all_gather_object(found, [image.cpu() for image in images])
    return [image for own in found for image in own]


def own_share(images: list[Tensor], most: int) -> list[Tensor]:
    """Return this process's part of what `gathered` gave, maybe another number of processes: as many for each, `most` at most."""
    size = min(most, len(images) // count())
    return images[rank() * size :][:size]


def _summed(values: Tensor) -> Tensor:
    if count() > 1:
        with _others_present():
            distributed.all_reduce(values)
    return values


@contextmanager
def _others_present() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        cause = str(error).splitlines()[0]
        raise TrainingError(
            f"Another process of the run ended: {cause} See its own message; the same command goes on."
        ) from error
