"""`--diversify`: a diffusion model varies what the generator paints, with one noise for each shot of a video."""

from collections.abc import Mapping
from copy import copy
from typing import Self

import torch
from torch import Tensor

from vidstyle.device import is_out_of_memory
from vidstyle.errors import DeviceError
from vidstyle.models.image_model import ImageModel, WholeFrameModel
from vidstyle.models.inst.diversifier import Diversifier
from vidstyle.pixels import to_host
from vidstyle.render.model_state import restore, snapshot


class ShotCounter:
    """Numbers the shots of one video, from 0, as its frames pass."""

    def __init__(self) -> None:
        from vidstyle.analysis.cuts import CutDetector  # Needs OpenCV, without which pictures can still be varied.

        self._cuts, self._number = CutDetector(), -1

    def count(self, images: Tensor) -> list[int]:
        """Take the next frames, (n, 3, h, w) in [0, 1], and return the numbers of their shots."""
        numbers = []
        for frame in to_host(images, sixteen_bit=False):
            self._number += int(self._cuts.is_cut(frame))
            numbers.append(self._number)
        return numbers

    def state(self) -> dict[str, Tensor]:
        """Return what is remembered, nothing before the first frame."""
        if self._number < 0:
            return {}
        cuts = {f"shot_{name}": torch.from_numpy(values) for name, values in self._cuts.state().items()}
        return {"shot": torch.tensor(self._number), **cuts}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Remember what `state` holds instead."""
        self._number = int(state.get("shot", -1))
        cuts = {name: state[f"shot_{name}"] for name in ("steps", "thumbnail") if f"shot_{name}" in state}
        self._cuts.load_state({name: values.cpu().numpy() for name, values in cuts.items()})


class DiversifiedGenerator:
    """A generator whose paintings are varied one by one, see WholeFrameModel; `shots` is None for pictures.

    The number of a shot rests on all frames before it. So painting goes on only from a state, and none is rebuilt from a few
    earlier frames.
    """

    looks_back = 0

    def __init__(self, generator: WholeFrameModel, diversifier: Diversifier, shots: ShotCounter | None = None) -> None:
        self.scale, self.multiple_of, self.half_ok = generator.scale, generator.multiple_of, generator.half_ok
        self._generator, self._diversifier, self._shots = generator, diversifier, shots
        self._paint: ImageModel = generator

    def in_strips(self, rows: int) -> Self:
        """Return one that paints in strips of `rows` rows and varies whole frames, with the same memory."""
        model = copy(self)
        model._paint = self._generator.in_strips(rows)
        return model

    def __call__(self, images: Tensor) -> Tensor:
        """Return the varied paintings, (n, 3, h, w) float32 in [0, 1]; raises DeviceError when memory is short."""
        painted = self._paint(images).float()
        shots = self._shots.count(images) if self._shots else [0] * len(images)
        try:
            return torch.cat(
                [self._diversifier.diversify(picture[None], shot) for picture, shot in zip(painted, shots, strict=True)]
            )
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            raise DeviceError(
                f"The memory of {painted.device} does not suffice to vary one frame ({str(error).splitlines()[0]}). "
                "Use --attention-slicing, --offload model or sequential, or a smaller --size."
            ) from error

    def state(self) -> dict[str, Tensor]:
        """Return what is remembered of earlier frames; another one that loads it goes on as this one would."""
        return snapshot(self._generator) | (self._shots.state() if self._shots else {})

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Remember what `state` holds instead."""
        restore(self._generator, state)
        if self._shots:
            self._shots.load_state(state)
