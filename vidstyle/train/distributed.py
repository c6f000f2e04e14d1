"""One run on several processes, as `torchrun` starts them: each learns from its share of every batch.

The processes average their gradients, so together they learn what one process would.
"""

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
"""How long processes wait for the first one, which decodes images, paints samples and computes scores."""


def count() -> int:
    """Return how many processes work on the run."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def rank() -> int:
    """Return the number of this process; number 0, the first one, alone writes files and reports progress."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def is_first() -> bool:
    """Return whether this process was started alone or as the first of several; it need not have joined them yet."""
    return os.environ.get("RANK", "0") == "0"


@contextmanager
def joined(device: str) -> Iterator[str]:
    """Join the other processes, if `torchrun` started some, and yield the device of this one; leave when the block ends.

    CPU tensors travel by gloo, CUDA tensors by nccl. Raises DeviceError for a device that processes cannot share.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield device
        return
    # Torch imports this module by itself later. Its defaults would then hold on to the group below, and to threads of the
    # group that outlive the interpreter.
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
    """Return this process's share of a tensor that has a row for each image of a batch."""
    size = len(rows) // count()
    return rows[rank() * size :][:size]


@contextmanager
def first_before_others() -> Iterator[None]:
    """Let the first process run the block first, and the other processes after it."""
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
    gradients = [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
    joint = _summed(torch.cat([gradient.flatten() for gradient in gradients])) / count()
    parts = joint.split([gradient.numel() for gradient in gradients])
    for gradient, part in zip(gradients, parts, strict=True):
        gradient.copy_(part.view_as(gradient))


def average(values: dict[str, float]) -> dict[str, float]:
    """Return the means of `values` over all processes."""
    means = average_tensor(torch.tensor(list(values.values()), dtype=torch.float64))
    return dict(zip(values, means.tolist(), strict=True))


def average_tensor(values: Tensor) -> Tensor:
    """Return the mean of `values` over all processes; its shape is the same in all of them."""
    return _summed(values) / count()


def any_of(flag: bool) -> bool:
    """Return whether `flag` is true in any process; waits until all of them have called this."""
    return bool(_summed(torch.tensor(int(flag))))


def gather_images(images: list[Tensor]) -> list[Tensor]:
    """Return the images of all processes on the CPU, those of the first process first."""
    if count() == 1:
        return images
    found: list[Any] = [None] * count()
    with _errors_of_others():
        distributed.all_gather_object(found, [image.cpu() for image in images])
    return [image for process_images in found for image in process_images]


def own_share(images: list[Tensor], most: int) -> list[Tensor]:
    """Return this process's share of what `gather_images` returned, maybe to another number of processes.

    All shares are equally large, and hold `most` images at most.
    """
    size = min(most, len(images) // count())
    return images[rank() * size :][:size]


def _summed(values: Tensor) -> Tensor:
    if count() > 1:
        with _errors_of_others():
            distributed.all_reduce(values)
    return values


@contextmanager
def _errors_of_others() -> Iterator[None]:
    """Raise TrainingError where an exchange fails, since another process has ended."""
    try:
        yield
    except RuntimeError as error:
        cause = str(error).splitlines()[0]
        raise TrainingError(
            f"Another process of the run ended: {cause} See its own message; the same command goes on."
        ) from error
