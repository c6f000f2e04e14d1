"""Models whose result depends on earlier frames of the same video."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from torch import Tensor

from vidstyle.models.image_model import ImageModel


@runtime_checkable
class TemporalModel(Protocol):
    """A model that remembers earlier frames; `looks_back` is how many distinct ones decide about the next painting."""

    looks_back: int

    def state(self) -> dict[str, Tensor]:
        """Return what the model remembers, on the CPU or a device; nothing before the first frame."""
        ...

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Remember what `state` holds instead; nothing when it is empty."""
        ...


def looks_back(model: ImageModel) -> int:
    """Return how many distinct frames before a frame decide about its painting, 0 for a model without memory."""
    return model.looks_back if isinstance(model, TemporalModel) else 0


def snapshot(model: ImageModel) -> dict[str, Tensor]:
    """Return what `model` remembers, nothing where it has no memory."""
    return model.state() if isinstance(model, TemporalModel) else {}


def restore(model: ImageModel, state: Mapping[str, Tensor]) -> None:
    """Let `model` go on from a snapshot; a model without memory stays as it is."""
    if isinstance(model, TemporalModel):
        model.load_state(state)
