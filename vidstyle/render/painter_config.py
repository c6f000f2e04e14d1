"""What is decided when a render begins: the device, the plan, and how the painter computes.

The same decisions give the same bits, so they hold until the video is whole, also when the render is resumed.
"""

from dataclasses import asdict, dataclass
from typing import Any, Self

import torch

from vidstyle.models.runtime import Runtime
from vidstyle.render.settings import RenderSettings
from vidstyle.render.sizes import Sizes

PIXELS_AT_ONCE = 9_000_000
"""Pixels in the hands of all threads, as those of a generator that works at a quarter of its size: a frame of 3840x2160."""
FULL_SIZE_WEIGHT = 16
"""How much more memory a pixel takes in a generator that keeps its features at full size."""


@dataclass(frozen=True)
class PainterConfig:
    """How a painter computes.

    `backend` and `precision` run the networks. `batch` frames are painted at once. `tile` is the side of the upscaler's
    tiles and `strip` the height of the generator's strips, in pixels; 0 stands for whole frames. `quantised` is the SHA-256
    of the int8 networks, "" where there are none.
    """

    backend: str
    precision: str
    batch: int
    tile: int
    strip: int
    quantised: str = ""


@dataclass(frozen=True)
class Decisions:
    """What was decided when the render of a video began; `plan` is the record of its plan, see `VideoPlan.record`."""

    device: str
    painter: PainterConfig
    plan: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return the decisions as JSON can hold them, for the manifest."""
        return asdict(self)

    @classmethod
    def from_json(cls, decided: dict[str, Any]) -> Self:
        """Return the decisions that `to_json` gave."""
        return cls(decided["device"], PainterConfig(**decided["painter"]), decided["plan"])


@dataclass(frozen=True)
class PainterProgress:
    """Where a painter stands after a segment.

    `batch`, `tile` and `strip` are what short memory has made of those in its PainterConfig. `repeated` counts the frames of
    the segment that repeat the one before. `notes` are for the user.
    """

    batch: int
    tile: int
    strip: int
    repeated: int
    notes: tuple[str, ...]


def parallel_batches(runtime: Runtime, settings: RenderSettings, sizes: Sizes, *, light: bool) -> int:
    """Return how many batches of a video are computed at the same time, as memory for them is sure to be there.

    `settings` are decided. Where a frame's painting rests on earlier paintings they are computed one after the other.
    `light`: the generator works at a quarter of its size or below.
    """
    in_turns = settings.flicker in ("flow", "statistics") or bool(settings.diversify)
    if runtime.device.type != "cpu" or runtime.backend == "compile" or in_turns:
        return 1
    source, painted, result = (width * height for width, height in (sizes.source, sizes.painted, sizes.result))
    pixels = max(source, result, painted * (1 if light else FULL_SIZE_WEIGHT))
    batch = 1 if settings.batch == "auto" else int(settings.batch)
    return max(1, min(torch.get_num_threads(), PIXELS_AT_ONCE // (pixels * batch)))
