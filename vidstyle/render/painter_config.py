"""What a render computes with, settled before the first frame: the same of these gives the same bits."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vidstyle.models.runtime import Runtime
    from vidstyle.render.settings import RenderSettings


SEVERAL = 8


@dataclass(frozen=True)
class Resolved:
    """Backend, number format, frames at once, side of the upscaler's tiles, rows of the generator's strips, int8 networks.

    Of `tile` and `strip` 0 stands for whole frames. `quantised` is the SHA-256 of the int8 networks, "" where there are none.
    """

    backend: str
    precision: str
    batch: int
    tile: int
    strip: int
    quantised: str = ""

    def record(self) -> dict[str, Any]:
        """Return the values, ready for JSON; `Resolved(**record)` restores them."""
        return asdict(self)


@dataclass(frozen=True)
class PainterProgress:
    """How a painter stands after a segment: what memory has made of batch, tile and strip, frames repeated in it, notes."""

    batch: int
    tile: int
    strip: int
    repeated: int
    notes: tuple[str, ...]


def resolved(runtime: Runtime, settings: RenderSettings, quantised: str = "") -> Resolved:
    """Return what `settings` come to with `runtime`; on a CPU, and varied one by one, several frames at once gain nothing."""
    at_once = 1 if runtime.device.type == "cpu" or settings.diversify else SEVERAL
    batch = at_once if settings.batch == "auto" else int(settings.batch)
    tile = 0 if settings.tile == "auto" else int(settings.tile)
    strip = 0 if settings.strip == "auto" else int(settings.strip)
    return Resolved(runtime.backend, runtime.precision, batch, tile, strip, quantised)
