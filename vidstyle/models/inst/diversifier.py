"""InST as an image model: each picture is noised in part and painted anew by a diffusion model, in a look it has learnt."""

from copy import copy
from typing import Self

import numpy as np
import torch
from torch import Tensor

from vidstyle.device import resolve_precision
from vidstyle.errors import StyleError
from vidstyle.models.inst.diffusion import DiffusionBase
from vidstyle.models.inst.diffusion_files import find_base, identity
from vidstyle.models.inst.look_file import Inversion
from vidstyle.models.inst.variation import Variation
from vidstyle.models.resize import padded_to_multiple
from vidstyle.progress import OnProgress, note


class Diversifier:
    """Varies (n, 3, h, w) in [0, 1], same shape and range, see ImageModel; another `seed` gives another result.

    Guidance by the look is classifier-free (Ho and Salimans 2022). Strength 0 leaves a picture as it is.
    """

    scale = 1
    half_ok = True

    def __init__(self, base: DiffusionBase, word: Tensor, variation: Variation, seed: int) -> None:
        self.base, self.seed, self.guidance = base, seed, variation.guidance
        self.multiple_of = base.multiple_of
        base.scheduler.set_timesteps(variation.steps)
        self.times: list[int] = base.scheduler.timesteps.tolist()[variation.steps - variation.steps_painted_anew :]
        with torch.inference_mode():
            self._look, self._none = base.prompt(word), base.prompt(None)

    def with_seed(self, seed: int) -> Self:
        """Return one that does the same with another seed."""
        other = copy(self)
        other.seed = seed
        return other

    def __call__(self, images: Tensor) -> Tensor:
        """Return the varied images; every one of them gets the same noise."""
        return torch.cat([self.vary(image[None]) for image in images]) if self.times else images

    @torch.inference_mode()
    def vary(self, image: Tensor, shot: int = 0) -> Tensor:
        """Return (1, 3, h, w) varied, on its own device; the noise depends on the seed, the `shot` and the size alone.

        Borders that do not fit the multiple are mirrored, varied and cut off again.
        """
        if not self.times:
            return image
        height, width = image.shape[-2:]
        latents = self.base.encode(padded_to_multiple(image.float(), self.multiple_of, mode="reflect"))
        pictures = self.base.decode(self._repainted(self._inverted(latents, shot)))
        return pictures[..., :height, :width].to(image.device)

    def _inverted(self, latents: Tensor, shot: int) -> Tensor:
        """Return noised latents by stochastic inversion (Zhang et al. 2023, section 3.3).

        The noise that the model finds in them after random noise was added is what they are noised with: it knows the
        picture, so that its content stays.
        """
        drawn = torch.Generator().manual_seed(int(np.random.default_rng((self.seed, shot)).integers(2**62)))
        noise = torch.randn(latents.shape, generator=drawn).to(latents)
        start = torch.tensor([self.times[0]], device=latents.device)
        noised = self.base.scheduler.add_noise(latents, noise, start)
        found = self.base.predict(noised, self.times[0], self._look)
        return self.base.scheduler.add_noise(latents, found, start)

    def _repainted(self, latents: Tensor) -> Tensor:
        """Return the latents without noise, by DDIM steps (Song et al. 2021), which draw nothing."""
        prompts = torch.cat([self._none, self._look])
        for time in self.times:
            without, within = self.base.predict(latents.repeat(2, 1, 1, 1), time, prompts).chunk(2)
            noise = without + self.guidance * (within - without)
            latents = self.base.scheduler.step(noise, time, latents).prev_sample
        return latents


def load_diffusion(
    inversion: Inversion,
    name: str,
    device: torch.device,
    precision: str,
    on_progress: OnProgress,
    *,
    attention_slicing: bool = False,
    offload: str = "none",
) -> DiffusionBase:
    """Return the diffusion model for a look: that called `name`, or, where it is empty, the one that it was learnt with.

    `precision` is fp32, bf16 or fp16; others are taken for auto. Raises DependencyError without the extra, StyleError
    when the model cannot be had or its words have another width.
    """
    folder = find_base(name or inversion.base, on_progress)
    if identity(folder) != inversion.base_identity:
        on_progress(
            note(f"The look was learnt with another base ({inversion.base}) than {folder}: it may look different.")
        )
    dtype = resolve_precision(precision if precision in ("fp32", "bf16", "fp16") else "auto", device)
    base = DiffusionBase(folder, device, dtype, attention_slicing=attention_slicing, offload=offload)
    if inversion.word.shape != (base.word_width,):
        raise StyleError(
            f"The look is a word of {len(inversion.word)} numbers, and those of {folder} have {base.word_width}. "
            "Give --diversify-base the one that it was learnt with."
        )
    return base
