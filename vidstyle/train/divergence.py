"""Runs that ran away: what is no number any more is neither kept nor shown."""

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any

from torch import Tensor

from vidstyle.errors import TrainingError
from vidstyle.run_folder import RunFolder


def check_losses(losses: Mapping[str, float], step: int, folder: RunFolder) -> None:
    """Raise TrainingError when one of the losses of `step` is no number."""
    if not all(map(isfinite, losses.values())):
        raise TrainingError(f"The losses are no numbers any more at step {step:,}: {dict(losses)}. {_advice(folder)}")


def check_weights(state: Any, step: int, folder: RunFolder) -> None:
    """Raise TrainingError when a tensor within `state`, as it is after `step`, holds what is no number."""
    if not all(bool(tensor.isfinite().all()) for tensor in _tensors(state)):
        raise TrainingError(f"The weights are no numbers any more after step {step:,}. {_advice(folder)}")


def _advice(folder: RunFolder) -> str:
    kept = f"What is kept in {folder.path} is of before" if folder.checkpoint.is_file() else "Nothing was kept"
    return f"{kept}. Begin anew with a lower --lr or --precision fp32, and --restart or another --name."


def _tensors(state: Any) -> Iterator[Tensor]:
    if isinstance(state, Tensor):
        yield state
    elif isinstance(state, Mapping | list | tuple):
        for value in state.values() if isinstance(state, Mapping) else state:
            yield from _tensors(value)
