"""Whether a run is healthy: a discriminator that has won, losses or weights that are no longer finite."""

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
Signs = dict[str, str]


def signs_in_losses(rows: Rows, gan_mode: str | None) -> Signs:
    """Return what is wrong by the mean losses of the last WINDOW steps, by kind; `rows` are those of the run's log."""
    last = rows[-1]["step"]
    recent = [row for row in rows if row["step"] > last - WINDOW]
    if last < 2 * WINDOW:
        return {}
    return _discriminator(recent, last, gan_mode) | _contrast(recent, rows, last)


def _discriminator(recent: Rows, last: float, gan_mode: str | None) -> Signs:
    losses = [value for row in recent for name, value in row.items() if name.startswith("D_")]
    if not losses or gan_mode is None or (mean := float(np.mean(losses))) > WON * CHANCE[gan_mode]:
        return {}
    return {
        "discriminator won": (
            f"At step {last:,.0f} the discriminator is nearly always right (its losses average {mean:.3f} over {WINDOW} "
            f"steps; {CHANCE[gan_mode]:.2f} would be chance). From here on the generator tends to over-draw texture and to "
            "lose colours. Stop and use the best style so far, or begin anew with --augment colour,translation,cutout, "
            "with --lambda-r1 1, or with more cartoon frames; --init STYLE keeps what was learnt."
        )
    }


def _contrast(recent: Rows, rows: Rows, last: float) -> Signs:
    now, first = ([row["NCE"] for row in some if "NCE" in row] for some in (recent, rows[:1]))
    if not now or not first or np.mean(now) < LOST * np.mean(first):
        return {}
    return {
        "contrast flat": (
            f"At step {last:,.0f} the contrastive loss NCE is where it began ({np.mean(now):.2f}; {np.mean(first):.2f} at "
            "first): the paintings do not keep the photos' content. Begin anew with a lower --lr or a higher --lambda-nce."
        )
    }


def signs_in_pictures(step: int, photos: Sequence[np.ndarray], painted: Sequence[np.ndarray]) -> Signs:
    """Return what is wrong with the paintings of some photos, (h, w, 3) uint8 of one size each."""
    if step < 2 * WINDOW:
        return {}
    spread = float(np.mean([one.std((0, 1)).mean() for one in painted]))
    advice = "Go back to the best style so far, or begin anew with a lower --lr or a higher --lambda-nce."
    if spread < FLAT:
        return {"flat": f"At step {step:,} the paintings are nearly of one colour. {advice}"}
    if len(photos) > 1 and _differences(painted) < ALIKE * _differences(photos):
        return {"alike": f"At step {step:,} all photos are painted alike. {advice}"}
    return {}


def _differences(pictures: Sequence[np.ndarray]) -> float:
    return float(np.std(np.stack(pictures).astype(np.float32), axis=0).mean())


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
