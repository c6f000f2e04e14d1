"""Models whose result depends on earlier frames of the same video, and what they remember."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Protocol, Self, runtime_checkable

import torch
from torch import Tensor

from vidstyle.models.image_model import ImageModel, WholeFrameModel


@runtime_checkable
class Remembering(Protocol):
    """A model whose results depend on the frames before."""

    def state(self) -> dict[str, Tensor]:
        """Return what is remembered, on the CPU or a device."""
        ...

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Remember what `state` holds instead."""
        ...


class Steady(ABC):
    """A generator for the frames of one video, in their order, in batches of any size: it remembers earlier frames.

    Where a shot begins it forgets them. `looks_back` is the number of earlier frames that decide about what it paints.
    """

    looks_back: int

    def __init__(self, generator: WholeFrameModel) -> None:
        from vidstyle.analysis.cuts import CutDetector

        self.scale, self.multiple_of, self.half_ok = generator.scale, generator.multiple_of, generator.half_ok
        self._generator, self._rows = generator, 0
        self._paint: ImageModel = generator
        self._cuts = CutDetector()

    @abstractmethod
    def __call__(self, images: Tensor) -> Tensor:
        """Return the painted images, (n, 3, h, w) in [0, 1], of the next frames of the video."""

    @abstractmethod
    def _remembered(self) -> dict[str, Tensor]: ...

    @abstractmethod
    def _remember(self, state: Mapping[str, Tensor]) -> None: ...

    def in_strips(self, rows: int) -> Self:
        """Return itself, which paints in strips of `rows` rows from here on, see WholeFrameModel."""
        if rows != self._rows:
            self._rows, self._paint = rows, self._generator.in_strips(rows)
        return self

    def state(self) -> dict[str, Tensor]:
        """Return what is remembered; another one that loads it goes on as this one would. Empty before the first frame."""
        cuts = self._cuts.state()
        if "thumbnail" not in cuts:
            return {}
        own = self._remembered() | {name: torch.from_numpy(known) for name, known in cuts.items()}
        return own | snapshot(self._generator)

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Remember what `state` holds instead, on any device; nothing when it is empty."""
        self._cuts.load_state({name: state[name].cpu().numpy() for name in ("steps", "thumbnail") if name in state})
        self._remember(state)
        restore(self._generator, state)


def looks_back(model: ImageModel) -> int:
    """Return how many distinct frames before a frame decide about its painting, 0 where `model` is not a steady one."""
    return model.looks_back if isinstance(model, Steady) else 0


def snapshot(model: ImageModel) -> dict[str, Tensor]:
    """Return what `model` remembers, nothing where it does not."""
    return model.state() if isinstance(model, Remembering) else {}


def restore(model: ImageModel, state: Mapping[str, Tensor]) -> None:
    """Let `model` go on from a snapshot, where it remembers."""
    if isinstance(model, Remembering):
        model.load_state(state)
