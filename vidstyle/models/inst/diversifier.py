"""InST as an image model: it noises a picture in part, and a diffusion model denoises it in a learnt look."""

from copy import copy
from typing import Self

import numpy as np
import torch
from torch import Tensor

from vidstyle.device import resolve_precision
from vidstyle.errors import StyleError
from vidstyle.models.inst.diffusion import DiffusionBase
from vidstyle.models.inst.diffusion_files import base_identity, find_base
from vidstyle.models.inst.diversifier_config import DiversifierConfig
from vidstyle.models.inst.look_file import Look
from vidstyle.models.resize import padded_to_multiple
from vidstyle.progress import OnProgress, note


class Diversifier:
    """Repaints (n, 3, h, w) in [0, 1] in a look, same shape and range; see ImageModel.

    Another `seed` gives another result. Strength 0 leaves a picture as it is. Guidance by the look is classifier-free
    (Ho and Salimans 2022).
    """

    scale = 1
    half_ok = True

    def __init__(self, base: DiffusionBase, embedding: Tensor, config: DiversifierConfig, seed: int) -> None:
        self.base, self.seed, self.guidance = base, seed, config.guidance
        self.multiple_of = base.multiple_of
        base.scheduler.set_timesteps(config.steps)
        self.times: list[int] = base.scheduler.timesteps.tolist()[config.steps - config.denoising_steps :]
        with torch.inference_mode():
            self._look_prompt, self._empty_prompt = base.encode_prompt(embedding), base.encode_prompt(None)

    def with_seed(self, seed: int) -> Self:
        """Return a diversifier that does the same with another seed."""
        other = copy(self)
        other.seed = seed
        return other

    def __call__(self, images: Tensor) -> Tensor:
        """Return the diversified images; all of them get the same noise."""
        return torch.cat([self.diversify(image[None]) for image in images]) if self.times else images

    @torch.inference_mode()
    def diversify(self, image: Tensor, shot: int = 0) -> Tensor:
        """Return (1, 3, h, w) in [0, 1] diversified, on its own device.

        The noise depends on the seed, the number of the `shot` and the size alone. An image that does not fit the
        multiple is padded by reflection, and the padding is cut off again.
        """
        if not self.times:
            return image
        height, width = image.shape[-2:]
        latents = self.base.encode(padded_to_multiple(image.float(), self.multiple_of, mode="reflect"))
        pictures = self.base.decode(self._denoise(self._invert(latents, shot)))
        return pictures[..., :height, :width].to(image.device)

    def _invert(self, latents: Tensor, shot: int) -> Tensor:
        """Return noised latents by stochastic inversion (Zhang et al. 2023, section 3.3).

        First random noise is added, and the model predicts the noise. The predicted noise is then added to the latents
        instead: the model derived it from the picture, so that the picture's content stays.
        """
        drawn = torch.Generator().manual_seed(int(np.random.default_rng((self.seed, shot)).integers(2**62)))
        noise = torch.randn(latents.shape, generator=drawn).to(latents)
        start = torch.tensor([self.times[0]], device=latents.device)
        noised = self.base.scheduler.add_noise(latents, noise, start)
        predicted = self.base.predict(noised, self.times[0], self._look_prompt)
        return self.base.scheduler.add_noise(latents, predicted, start)

    def _denoise(self, latents: Tensor) -> Tensor:
        """Return the latents without noise, by DDIM steps (Song et al. 2021), which are not random."""
        prompts = torch.cat([self._empty_prompt, self._look_prompt])
        for time in self.times:
            without_look, with_look = self.base.predict(latents.repeat(2, 1, 1, 1), time, prompts).chunk(2)
            noise = without_look + self.guidance * (with_look - without_look)
            latents = self.base.scheduler.step(noise, time, latents).prev_sample
        return latents


def load_diffusion(
    look: Look,
    name: str,
    device: torch.device,
    precision: str,
    on_progress: OnProgress,
    *,
    attention_slicing: bool = False,
    offload: str = "none",
) -> DiffusionBase:
    """Return the diffusion model called `name` for a look, or the one the look was learnt with where `name` is empty.

    `precision` is fp32, bf16 or fp16; others count as auto. Raises DependencyError without the extra, StyleError when
    the model cannot be had or its words have another width than the look.
    """
    folder = find_base(name or look.base, on_progress)
    if base_identity(folder) != look.base_identity:
        on_progress(note(f"The look was learnt with another base ({look.base}) than {folder}: it may look different."))
    dtype = resolve_precision(precision if precision in ("fp32", "bf16", "fp16") else "auto", device)
    base = DiffusionBase(folder, device, dtype, attention_slicing=attention_slicing, offload=offload)
    if look.embedding.shape != (base.embedding_width,):
        raise StyleError(
            f"The look has {len(look.embedding)} numbers, and the words of {folder} have {base.embedding_width}. "
            "Give --diversify-base the base that the look was learnt with."
        )
    return base
