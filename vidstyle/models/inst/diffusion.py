"""Stable Diffusion 1.x, with the operations on it that InST needs."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from vidstyle.errors import SettingsError, StyleError
from vidstyle.models.inst.diffusion_files import LOAD_ERRORS, UNUSED_PARTS, libraries

WORD_POSITION = 1
"""Where the one word of a prompt stands: after the token that marks the beginning."""


class DiffusionBase:
    """Stable Diffusion 1.x, frozen: autoencoder, text encoder, noise predictor and noise schedule.

    Pictures are (n, 3, h, w) in [0, 1] with sides that are multiples of `multiple_of`. Latents are (n, 4, h', w'). All
    results are fp32. `offload` keeps on `device` only what computes: `model` a network, `sequential` a layer at a time.
    Raises StyleError for a broken or unfit model, SettingsError for offloading from a CPU.
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
        self.embedding_width: int = self._pipeline.text_encoder.config.hidden_size
        if attention_slicing:
            self._pipeline.enable_attention_slicing()
        self._move_to_device(offload)

    def _move_to_device(self, offload: str) -> None:
        """Move the networks to the device, or let the library move them there when they compute."""
        if offload == "none":
            self._pipeline.to(self.device)
        elif offload == "model":
            self._pipeline.enable_model_cpu_offload(device=self.device)
        else:
            self._pipeline.enable_sequential_cpu_offload(device=self.device)

    def encode(self, pictures: Tensor, random: torch.Generator | None = None) -> Tensor:
        """Return the latents of pictures: the most likely ones, or ones drawn by `random`."""
        distribution = self.vae.encode((pictures * 2 - 1).to(self.device, self.dtype)).latent_dist
        latents = distribution.mode() if random is None else distribution.sample(random)
        return latents.float() * self.vae.config.scaling_factor

    def decode(self, latents: Tensor) -> Tensor:
        """Return the pictures for latents."""
        pictures = self.vae.decode((latents / self.vae.config.scaling_factor).to(self.dtype)).sample
        return ((pictures.float() + 1) / 2).clamp(0, 1)

    def encode_prompt(self, embedding: Tensor | None) -> Tensor:
        """Return the encoded prompt of a single word, given by its embedding (width,); the empty prompt for None."""
        tokenizer, encoder = self._pipeline.tokenizer, self._pipeline.text_encoder
        length = tokenizer.model_max_length
        tokens = tokenizer("", padding="max_length", max_length=length, return_tensors="pt").input_ids.to(self.device)
        if embedding is None:
            return encoder(tokens)[0]
        with_word = torch.cat([tokens[:, :WORD_POSITION], tokens[:, :-1]], 1)
        with _insert_word(encoder.get_input_embeddings(), embedding):
            return encoder(with_word)[0]

    def predict(self, noisy: Tensor, times: Tensor | int, prompt: Tensor) -> Tensor:
        """Return the noise that the model predicts in latents noised up to `times`, under an encoded prompt."""
        return self.unet(noisy.to(self.dtype), times, encoder_hidden_states=prompt).sample.float()


def _load(folder: Path, dtype: torch.dtype) -> Any:
    """Return the pipeline in `folder`; raises StyleError when it is broken or another kind of diffusion model."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", FutureWarning
            )  # about `torch_dtype`, the only name that earlier versions know
            pipeline = libraries()[0].StableDiffusionPipeline.from_pretrained(
                folder, torch_dtype=dtype, local_files_only=True, requires_safety_checker=False, **UNUSED_PARTS
            )
    except LOAD_ERRORS as error:
        raise StyleError(f"The base {folder} cannot be loaded ({error}). Copy or download it again.") from error
    unet, width = pipeline.unet.config, pipeline.text_encoder.config.hidden_size
    kind = pipeline.scheduler.config.get("prediction_type", "epsilon")
    if unet.in_channels != 4 or unet.cross_attention_dim != width or kind != "epsilon":
        raise StyleError(
            f"{folder} is a diffusion model of another kind. Give a Stable Diffusion 1.x, not for inpainting."
        )
    return pipeline


@contextmanager
def _insert_word(embeddings: nn.Module, embedding: Tensor) -> Iterator[None]:
    """Let a text encoder's layer of embeddings return `embedding` at the position of the word."""

    def insert(_: nn.Module, tokens: Any, embedded: Tensor) -> Tensor:
        embedded = embedded.clone()
        embedded[:, WORD_POSITION] = embedding.to(embedded)
        return embedded

    handle = embeddings.register_forward_hook(insert)
    try:
        yield
    finally:
        handle.remove()
