"""Whether a run is healthy: warnings where it goes wrong, errors where its numbers are no longer finite."""

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import Any

import numpy as np
from torch import Tensor

from vidstyle.errors import TrainingError
from vidstyle.run_folder import RunFolder

WINDOW = 500
"""Steps whose mean losses are judged."""
CHANCE = {"lsgan": 0.25, "vanilla": 0.693}
"""The loss of a discriminator that cannot tell paintings from frames: half the answer is right in every case."""
WON, LOST = 0.2, 0.97
"""Shares of chance (so 0.05 with lsgan), and of the first contrast, at which a discriminator has won and a contrast is flat."""
FLAT, ALIKE = 6.0, 0.1
"""Deviation of grey levels below which a picture is flat; share of the photos' differences below which paintings are alike."""

Rows = Sequence[Mapping[str, float]]


def warnings_from_losses(rows: Rows, gan_mode: str | None) -> dict[str, str]:
    """Return warnings by kind, from the mean losses of the last WINDOW steps; `rows` are those of the run's log."""
    last_step = rows[-1]["step"]
    recent = [row for row in rows if row["step"] > last_step - WINDOW]
    if last_step < 2 * WINDOW:
        return {}
    return _discriminator_warning(recent, last_step, gan_mode) | _contrast_warning(recent, rows, last_step)


def _discriminator_warning(recent: Rows, step: float, gan_mode: str | None) -> dict[str, str]:
    losses = [value for row in recent for name, value in row.items() if name.startswith("D_")]
    if not losses or gan_mode is None or (mean := float(np.mean(losses))) > WON * CHANCE[gan_mode]:
        return {}
    return {
        "discriminator won": (
            f"At step {step:,.0f} the discriminator is nearly always right (its losses average {mean:.3f} over {WINDOW} "
            f"steps; {CHANCE[gan_mode]:.2f} would be chance). From here on the generator tends to over-draw texture and to "
            "lose colours. Stop and use the best style so far, or begin anew with --augment colour,translation,cutout, "
            "with --lambda-r1 1, or with more cartoon frames; --init STYLE keeps what was learnt."
        )
    }


def _contrast_warning(recent: Rows, rows: Rows, step: float) -> dict[str, str]:
    now = [row["NCE"] for row in recent if "NCE" in row]
    first = [row["NCE"] for row in rows[:1] if "NCE" in row]
    if not now or not first or np.mean(now) < LOST * np.mean(first):
        return {}
    return {
        "contrast flat": (
            f"At step {step:,.0f} the contrastive loss NCE is where it began ({np.mean(now):.2f}; {np.mean(first):.2f} at "
            "first): the paintings do not keep the photos' content. Begin anew with a lower --lr or a higher --lambda-nce."
        )
    }


def warnings_from_pictures(step: int, photos: Sequence[np.ndarray], painted: Sequence[np.ndarray]) -> dict[str, str]:
    """Return warnings by kind, from the paintings of some photos, (h, w, 3) uint8 of one size each."""
    if step < 2 * WINDOW:
        return {}
    contrast = float(np.mean([picture.std((0, 1)).mean() for picture in painted]))
    advice = "Go back to the best style so far, or begin anew with a lower --lr or a higher --lambda-nce."
    if contrast < FLAT:
        return {"flat": f"At step {step:,} the paintings are nearly of one colour. {advice}"}
    if len(photos) > 1 and _differences(painted) < ALIKE * _differences(photos):
        return {"alike": f"At step {step:,} all photos are painted alike. {advice}"}
    return {}


def _differences(pictures: Sequence[np.ndarray]) -> float:
    """Return how much pictures of one size differ from one another: the mean deviation of their pixels."""
    return float(np.std(np.stack(pictures).astype(np.float32), axis=0).mean())


def check_losses(losses: Mapping[str, float], step: int, folder: RunFolder) -> None:
    """Raise TrainingError when one of the losses of `step` is not finite."""
    if not all(map(isfinite, losses.values())):
        raise TrainingError(f"The losses are not finite any more at step {step:,}: {dict(losses)}. {_advice(folder)}")


def check_weights(state: Any, step: int, folder: RunFolder) -> None:
    """Raise TrainingError when a tensor within `state`, as it is after `step`, is not finite."""
    if not all(bool(tensor.isfinite().all()) for tensor in _tensors(state)):
        raise TrainingError(f"The weights are not finite any more after step {step:,}. {_advice(folder)}")


def _advice(folder: RunFolder) -> str:
    has_checkpoint = folder.checkpoint.is_file()
    kept = f"The checkpoint in {folder.path} is from before that" if has_checkpoint else "There is no checkpoint yet"
    return f"{kept}. Begin anew with a lower --lr or --precision fp32, and --restart or another --name."


def _tensors(state: Any) -> Iterator[Tensor]:
    if isinstance(state, Tensor):
        yield state
    elif isinstance(state, Mapping | list | tuple):
        for value in state.values() if isinstance(state, Mapping) else state:
            yield from _tensors(value)
