"""What is decided when a render begins: the device, the plan, and how the painter computes.

The same decisions give the same bits, so they hold until the video is whole, also when the render is resumed.
"""

from dataclasses import asdict, dataclass
from typing import Any, Self


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
