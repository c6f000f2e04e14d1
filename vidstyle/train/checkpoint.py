"""The state of a run that changes with every step, and the checkpoint that keeps it.

A checkpoint is written whole or not at all, and read without unpickling code.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from vidstyle.errors import OutputError, TrainingError
from vidstyle.files import advice_on, whole_file
from vidstyle.run_folder import RunFolder
from vidstyle.train.distributed import rank
from vidstyle.train.ema import ExponentialMovingAverage
from vidstyle.train.health import check_weights
from vidstyle.train.methods.base import TrainingMethod

WAY_ON = "Free some space and give the same command to go on."


@dataclass
class TrainingState:
    """The method with its networks, the average of its generator's weights, and the number of steps done.

    `ema` is None where the method has no generator.
    """

    method: TrainingMethod
    ema: ExponentialMovingAverage | None
    step: int = 0


def save_checkpoint(folder: RunFolder, state: TrainingState) -> None:
    """Write networks, optimisers, average, step and random generators into the run's folder.

    All processes call it, since each may hold something of its own; the first one writes. Raises OutputError, and
    TrainingError for weights that are not finite.
    """
    average = state.ema.weights if state.ema else {}
    content = {"step": state.step, "method": state.method.state_dict(), "mean": average}
    if rank():
        return
    check_weights(content, state.step, folder)
    with whole_file(folder.checkpoint) as partial:
        _write({**content, "random": _random_state()}, partial, folder.checkpoint)


def load_checkpoint(path: Path, state: TrainingState) -> None:
    """Restore what `save_checkpoint` wrote into `state`; raises TrainingError when the file is broken or does not fit."""
    try:
        content = _read(path)
        state.method.load_state_dict(content["method"])
        if state.ema:
            state.ema.load(content["mean"])
        _restore_random(content["random"])
        state.step = int(content["step"])
    except OSError as error:
        raise TrainingError(
            f"Cannot read {path}: {error.strerror}. Check the disk, then give the same command to go on."
        ) from error
    except (RuntimeError, LookupError, ValueError, TypeError, AttributeError) as error:
        cause = (str(error) or type(error).__name__).splitlines()[0]
        raise TrainingError(
            f"Cannot resume from {path}: {cause} Start anew with --restart, or use another --name."
        ) from error


def _write(content: dict[str, Any], partial: Path, target: Path) -> None:
    try:
        # Opened here, since torch hides the system's message where it opens the file itself.
        with partial.open("wb") as file:
            torch.save(content, file)
    except (OSError, RuntimeError) as error:
        cause = error if isinstance(error, OSError) else error.__context__
        if not isinstance(cause, OSError):
            raise
        raise not_written(str(target), cause) from error


def not_written(target: str, error: OSError) -> OutputError:
    """Return the error that says what could not be written, why, and how the run goes on."""
    advice = advice_on(error, WAY_ON)
    return OutputError(f"Cannot write {target}: {error.strerror}. What was written before is intact. {advice}")


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
