"""One run on several processes, as `torchrun` starts them: each learns from its share of every batch, and all as one."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import torch
from torch import Tensor, distributed, nn

from vidstyle.errors import DeviceError, SettingsError

_PATIENCE = timedelta(hours=2)
"""How long processes wait for one that decodes images, paints samples or computes scores."""


def count() -> int:
    """Return how many processes work on the run."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def rank() -> int:
    """Return the number of this process."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def started_as_first() -> bool:
    """Return whether this process was started alone or as the first of several: the one that writes and speaks."""
    return os.environ.get("RANK", "0") == "0"


@contextmanager
def joined(device: str) -> Iterator[str]:
    """Join the other processes, if `torchrun` started some, and yield the device of this one; part when the block ends.

    CPU tensors travel by gloo, CUDA tensors by nccl. Raises DeviceError when `device` would be shared by processes.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield device
        return
    own = _own_device(device)
    cuda = own.startswith("cuda")
    distributed.init_process_group("cpu:gloo,cuda:nccl" if cuda else "gloo", timeout=_PATIENCE)
    try:
        yield own
    finally:
        distributed.destroy_process_group()


def _own_device(device: str) -> str:
    if device in ("auto", "cuda") and torch.cuda.is_available():
        own = f"cuda:{os.environ['LOCAL_RANK']}"
        if int(os.environ["LOCAL_RANK"]) >= torch.cuda.device_count():
            raise DeviceError(
                f"There are more processes than the {torch.cuda.device_count()} CUDA devices here. "
                f"Give torchrun --nproc_per_node={torch.cuda.device_count()}."
            )
        torch.cuda.set_device(own)
        return own
    if device in ("auto", "cpu"):
        return "cpu"
    raise DeviceError(f"Several processes cannot share the device {device}. Use --device cuda, cpu or auto.")


def share(size: int, make: Callable[[int], Tensor]) -> Tensor:
    """Return this process's `size` rows of the tensor that `make` gives for all processes' rows together."""
    return make(size * count())[rank() * size :][:size]


def check_batch(batch: int) -> None:
    """Raise SettingsError when `batch` cannot be dealt out equally."""
    if batch % count():
        nearest = -(-batch // count()) * count()
        raise SettingsError(f"A batch of {batch} cannot be shared by {count()} processes. Give --batch {nearest}.")


@torch.no_grad()
def average_gradients(network: nn.Module) -> None:
    """Make the gradients of `network` the mean of those of all processes, in one exchange."""
    if count() == 1:
        return
    gradients = [one.grad for one in network.parameters() if one.grad is not None]
    joint = torch.cat([one.flatten() for one in gradients])
    distributed.all_reduce(joint)
    torch._foreach_copy_(
        gradients, [part.view_as(one) for part, one in zip(_parts(joint, gradients), gradients, strict=True)]
    )
    torch._foreach_div_(gradients, count())


def _parts(joint: Tensor, like: Sequence[Tensor]) -> tuple[Tensor, ...]:
    return joint.split([one.numel() for one in like])


def average(values: dict[str, float]) -> dict[str, float]:
    """Return the means of `values` over all processes."""
    if count() == 1:
        return values
    joint = torch.tensor(list(values.values()), dtype=torch.float64)
    distributed.all_reduce(joint)
    return dict(zip(values, (joint / count()).tolist(), strict=True))


def any_of(flag: bool) -> bool:
    """Return whether `flag` is true in any process; all get the same answer."""
    if count() == 1:
        return flag
    joint = torch.tensor(int(flag))
    distributed.all_reduce(joint, distributed.ReduceOp.MAX)
    return bool(joint)


def wait_for_all() -> None:
    """Return when all processes have come to this point."""
    any_of(False)
