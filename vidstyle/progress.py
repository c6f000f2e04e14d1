"""What a stage reports to its caller: progress while it works, and a result at the end."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Progress:
    """`done` of `total` units (None: unknown) of a phase, and figures to show beside it.

    With a `note`, a text that the user should read now, there is nothing else to show.
    """

    phase: str
    done: int
    total: int | None
    unit: str = "frames"
    figures: Mapping[str, float] = field(default_factory=dict)
    note: str = ""


def note(text: str) -> Progress:
    """Return progress that only shows the user `text`."""
    return Progress("", 0, None, note=text)


OnProgress = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """Take progress and show nothing."""


@dataclass(frozen=True)
class StageResult:
    """What one stage did: inputs, outputs, counts, wall-clock seconds, settings with all defaults filled in, warnings."""

    stage: str
    inputs: tuple[Path, ...]
    outputs: tuple[Path, ...]
    counts: dict[str, int]
    seconds: float
    settings: dict[str, Any]
    warnings: tuple[str, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """Return the result as JSON-ready values for `manifest.json`."""
        return asdict(self)
