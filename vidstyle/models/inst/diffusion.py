"""Stable Diffusion 1.x as the parts that InST needs of it."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from vidstyle.errors import SettingsError, StyleError
from vidstyle.models.inst.diffusion_files import BROKEN, LEFT_OUT, libraries

PLACE = 1
"""Where the learnt word stands in its prompt, in which it is alone: after the mark of the beginning."""


class DiffusionBase:
    """Stable Diffusion 1.x, frozen: autoencoder, text encoder, noise predictor and schedule of noise.

    Pictures are (n, 3, h, w) in [0, 1] with sides that are multiples of `multiple_of`, latents (n, 4, h', w'), all
    results fp32. `offload` keeps on `device` only the part that computes: `model` whole networks, `sequential` layers.
    """

    def __init__(
        self,
        folder: Path,
        device: torch.device,
        dtype: torch.dtype,
        *,
        attention_slicing: bool = False,
        offload: str = "none",
    ) -> None:
        if offload != "none" and device.type == "cpu":
            raise SettingsError(f"--offload {offload} moves networks off a GPU, and this is the CPU. Leave it out.")
        self.device, self.dtype = device, dtype
        self._pipeline = _load(folder, dtype)
        self.unet, self.vae = self._pipeline.unet, self._pipeline.vae
        for network in (self.unet, self.vae, self._pipeline.text_encoder):
            network.eval().requires_grad_(False)
        self.scheduler = libraries()[0].DDIMScheduler.from_config(
            self._pipeline.scheduler.config, clip_sample=False, set_alpha_to_one=False
        )
        self.multiple_of = 2 ** (len(self.vae.config.block_out_channels) - 1)
        self.word_width: int = self._pipeline.text_encoder.config.hidden_size
        if attention_slicing:
            self._pipeline.enable_attention_slicing()
        if offload == "none":
            self._pipeline.to(device)
        elif offload == "model":
            self._pipeline.enable_model_cpu_offload(device=device)
        else:
            self._pipeline.enable_sequential_cpu_offload(device=device)

    def encode(self, pictures: Tensor, random: torch.Generator | None = None) -> Tensor:
        """Return the latents of pictures: the likeliest ones, or drawn by `random`."""
        found = self.vae.encode((pictures * 2 - 1).to(self.device, self.dtype)).latent_dist
        latents = found.mode() if random is None else found.sample(random)
        return latents.float() * self.vae.config.scaling_factor

    def decode(self, latents: Tensor) -> Tensor:
        """Return the pictures that latents stand for."""
        pictures = self.vae.decode((latents / self.vae.config.scaling_factor).to(self.dtype)).sample
        return ((pictures.float() + 1) / 2).clamp(0, 1)

    def prompt(self, word: Tensor | None) -> Tensor:
        """Return the encoded prompt that is a word alone, given by its embedding (width,); the empty one for None."""
        tokenizer, encoder = self._pipeline.tokenizer, self._pipeline.text_encoder
        length = tokenizer.model_max_length
        tokens = tokenizer("", padding="max_length", max_length=length, return_tensors="pt").input_ids.to(self.device)
        if word is None:
            return encoder(tokens)[0]
        around = torch.cat([tokens[:, :PLACE], tokens[:, :-1]], 1)
        with _word_in_place(encoder.get_input_embeddings(), word):
            return encoder(around)[0]

    def predict(self, noisy: Tensor, times: Tensor | int, prompt: Tensor) -> Tensor:
        """Return the noise found in latents that were noised up to `times`."""
        return self.unet(noisy.to(self.dtype), times, encoder_hidden_states=prompt).sample.float()


def _load(folder: Path, dtype: torch.dtype) -> Any:
    """Return the pipeline in `folder`; raises StyleError for a broken one, or another kind of diffusion model."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of `torch_dtype`, which earlier versions know alone
            pipeline = libraries()[0].StableDiffusionPipeline.from_pretrained(
                folder, torch_dtype=dtype, local_files_only=True, requires_safety_checker=False, **LEFT_OUT
            )
    except BROKEN as error:
        raise StyleError(f"The base {folder} cannot be loaded ({error}). Copy or download it again.") from error
    unet, words = pipeline.unet.config, pipeline.text_encoder.config.hidden_size
    kind = pipeline.scheduler.config.get("prediction_type", "epsilon")
    if unet.in_channels != 4 or unet.cross_attention_dim != words or kind != "epsilon":
        raise StyleError(
            f"{folder} is a diffusion model of another kind. Give a Stable Diffusion 1.x, not for inpainting."
        )
    return pipeline


@contextmanager
def _word_in_place(embeddings: nn.Module, word: Tensor) -> Iterator[None]:
    """Let a text encoder's embeddings give `word` at its place."""

    def put(_: nn.Module, tokens: Any, embedded: Tensor) -> Tensor:
        embedded = embedded.clone()
        embedded[:, PLACE] = word.to(embedded)
        return embedded

    handle = embeddings.register_forward_hook(put)
    try:
        yield
    finally:
        handle.remove()
