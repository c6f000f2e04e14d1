"""How a stage tells the command line, or any other caller, how far it is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Progress:
    """`done` of `total` units (None: unknown) of a phase, figures to show beside it, and words to show at once."""

    phase: str
    done: int
    total: int | None
    unit: str = "frames"
    figures: Mapping[str, float] = field(default_factory=dict)
    message: str = ""


OnProgress = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """Take progress and show nothing."""
