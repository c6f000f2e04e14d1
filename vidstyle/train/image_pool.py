"""Painted images of earlier steps, so that a discriminator does not forget them (Shrivastava et al., 2017)."""

import torch
from torch import Tensor


class ImagePool:
    """Keeps up to `size` images, (3, h, w) each."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.images: list[Tensor] = []

    def exchange(self, fakes: Tensor, random: torch.Generator) -> Tensor:
        """Return what to judge instead of `fakes` (n, 3, h, w): once the pool is full, half of them are put into it and
        a random one comes out.
        """
        return torch.stack([self._exchange(fake, random) for fake in fakes])

    def _exchange(self, fake: Tensor, random: torch.Generator) -> Tensor:
        if len(self.images) < self.size:
            self.images.append(fake.clone())
            return fake
        if self.size == 0 or torch.rand((), generator=random) < 0.5:
            return fake
        chosen = int(torch.randint(self.size, (), generator=random))
        kept, self.images[chosen] = self.images[chosen], fake.clone()
        return kept
