"""How a stage tells the command line, or any other caller, how far it is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Progress:
    """`done` of `total` units (None: unknown) of a phase, and figures to show beside it.

    `note` is something that the user should read now; there is nothing else to show then.
    """

    phase: str
    done: int
    total: int | None
    unit: str = "frames"
    figures: Mapping[str, float] = field(default_factory=dict)
    note: str = ""


def note(text: str) -> Progress:
    """Return what tells the user `text` at once."""
    return Progress("", 0, None, note=text)


OnProgress = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """Take progress and show nothing."""
