"""The checkpoint of a run, written whole or not at all and read without unpickling code."""

from pathlib import Path
from typing import Any

import torch

from vidstyle.errors import OutputError, TrainingError
from vidstyle.files import whole_file
from vidstyle.run_folder import RunFolder
from vidstyle.train.distributed import rank
from vidstyle.train.ema import RunningMean
from vidstyle.train.health import check_weights
from vidstyle.train.methods.base import TrainingMethod

FREE_SPACE = "What was kept before is whole: free some space and give the same command to go on."


def save_checkpoint(folder: RunFolder, step: int, method: TrainingMethod, mean: RunningMean | None) -> None:
    """Write networks, optimisers, running mean and random generators after `step` steps.

    Every process calls it, for what each keeps alone, and the first one writes. Raises OutputError, and TrainingError
    for weights that are no numbers.
    """
    state = {"step": step, "method": method.state_dict(), "mean": mean.weights if mean else {}}
    if rank():
        return
    check_weights(state, step, folder)
    with whole_file(folder.checkpoint) as partial:
        _write({**state, "random": _random_state()}, partial, folder.checkpoint)


def _write(state: dict[str, Any], partial: Path, target: Path) -> None:
    try:
        # Into a file of ours: one that torch opens itself hides what the system said.
        with partial.open("wb") as file:
            torch.save(state, file)
    except (OSError, RuntimeError) as error:
        cause = error if isinstance(error, OSError) else error.__context__
        if not isinstance(cause, OSError):
            raise
        raise OutputError(f"Cannot write {target}: {cause.strerror}. {FREE_SPACE}") from error


def load_checkpoint(path: Path, method: TrainingMethod, mean: RunningMean | None) -> int:
    """Restore what `save_checkpoint` wrote and return its step; raises TrainingError when the file is broken or does not fit."""
    try:
        state = _read(path)
        method.load_state_dict(state["method"])
        if mean:
            mean.load(state["mean"])
        _restore_random(state["random"])
        return int(state["step"])
    except (OSError, RuntimeError, LookupError, ValueError, TypeError, AttributeError) as error:
        cause = (str(error) or type(error).__name__).splitlines()[0]
        raise TrainingError(
            f"Cannot resume from {path}: {cause} Start anew with --restart, or use another --name."
        ) from error


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(torch.load(path, map_location="cpu", weights_only=True))
    except OSError:
        raise
    # Damaged bytes are instructions to the unpickler, which then raises whatever they lead to.
    except Exception as error:
        raise ValueError("It is damaged.") from error


def _random_state() -> dict[str, Any]:
    return {"cpu": torch.get_rng_state(), "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []}


def _restore_random(state: dict[str, Any]) -> None:
    torch.set_rng_state(state["cpu"])
    if torch.cuda.is_available() and len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(state["cuda"])
