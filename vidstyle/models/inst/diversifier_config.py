"""How strongly InST changes a picture."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DiversifierConfig:
    """How many denoising steps there are, which share of them is used, and how much the look guides them.

    `strength` in [0, 1] is the share of `steps` by which a picture is noised and denoised; its default is the paper's.
    `guidance` weighs the look against no look. The defaults of `steps` and `guidance` are those of InST's public code.
    """

    strength: float = 0.3
    steps: int = 50
    guidance: float = 10.0

    @property
    def denoising_steps(self) -> int:
        """How many steps a picture is denoised: none at strength 0, else at least one."""
        return min(self.steps, max(1, round(self.strength * self.steps))) if self.strength else 0
