"""How large a picture is painted and how large it comes out."""

from dataclasses import dataclass

from vidstyle.models.style_generator import SMALLEST_SIDE, painted_size
from vidstyle.networks.generator_kinds import FULL_SIZE_KINDS

SMALLEST_FULL_SIDE, LARGEST_FULL_SIDE = 360, 480
"""Short sides, pixels, between which a generator without norms paints whole frames where no size is asked for.

Its strokes are as many pixels wide in every painting. In smaller ones they are coarser than the cartoon's. Larger ones have
finer strokes, and take longer; the finish brings them to the size of the result."""
LARGEST_ENLARGEMENT = 1.5
"""How much a smaller source is enlarged at most, to be painted. More would invent nothing, and take longer."""
AUTO_UPSCALE_FROM = 1.5
"""How many times larger the result must be for `--upscaler auto` to choose an upscaler."""


@dataclass(frozen=True)
class Sizes:
    """(width, height) in pixels of the source, of what the generator paints, and of the result."""

    source: tuple[int, int]
    painted: tuple[int, int]
    result: tuple[int, int]

    @property
    def enlargement(self) -> float:
        """How many times larger the result is than the painting."""
        return min(self.result) / min(self.painted)

    @property
    def asks_for_upscaler(self) -> bool:
        """Whether a plain resize would leave the result soft."""
        return self.enlargement > AUTO_UPSCALE_FROM


def default_side(kind: str, trained: int, source: tuple[int, int]) -> int:
    """Return the short side at which a source of (width, height) is painted where none is asked for, pixels.

    `kind` is that of the generator, `trained` the side that it was trained at.
    """
    if kind not in FULL_SIZE_KINDS:
        return trained
    enlarged = round(min(SMALLEST_FULL_SIDE, LARGEST_ENLARGEMENT * min(source)))
    return min(max(min(source), enlarged), LARGEST_FULL_SIDE)


def plan_sizes(source: tuple[int, int], asked: int | str | None, default: int, outscale: float) -> Sizes:
    """Return the sizes for a source of (width, height).

    `asked` is the short side that the generator paints at: pixels, `source`, or None for the `default`.
    """
    short = min(source) if asked == "source" else default if asked is None else int(asked)
    return Sizes(source, painted_size(source, max(short, SMALLEST_SIDE)), _result(source, outscale))


def _result(source: tuple[int, int], outscale: float) -> tuple[int, int]:
    """Return the result's size. A changed size is even on both sides, as most pixel formats of video need it."""
    if outscale == 1:
        return source
    width, height = (max(2, round(side * outscale / 2) * 2) for side in source)
    return width, height
