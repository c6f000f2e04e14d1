"""How InST varies a picture."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Variation:
    """The share of `steps` that is gone back and painted anew, in [0, 1], and the weight of the look against none.

    The strength is that of the paper; steps and guidance are those of InST's public code.
    """

    strength: float = 0.3
    steps: int = 50
    guidance: float = 10.0

    @property
    def steps_painted_anew(self) -> int:
        """How many steps are painted anew: none at strength 0, else at least one."""
        return min(self.steps, max(1, round(self.strength * self.steps))) if self.strength else 0
