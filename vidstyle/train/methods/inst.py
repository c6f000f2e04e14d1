"""The training step of InST: the word is learnt that makes a diffusion model see one image (Zhang et al. 2023)."""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from vidstyle.models.inst.diffusion import DiffusionBase
from vidstyle.models.inst.diffusion_files import base_identity, find_base, find_image_encoder
from vidstyle.models.inst.image_encoder import encode_image
from vidstyle.models.inst.look_file import Look
from vidstyle.models.resize import padded_to_multiple
from vidstyle.networks.image_attention import ImageAttention
from vidstyle.progress import silent
from vidstyle.train.methods.base import NetworkTraining
from vidstyle.train.settings import TrainSettings


class InversionTraining(NetworkTraining):
    """Fits the attention that gives the word; the diffusion model and CLIP are fixed, and no part of the state."""

    losses: tuple[str, ...] = ("noise",)
    betas = (0.9, 0.999)
    generator = None  # type: ignore[assignment]

    def build(self, settings: TrainSettings) -> dict[str, nn.Module]:
        """Load the diffusion model, which must be on this machine, and return the attention."""
        self._seen: tuple[Tensor, Tensor] | None = None
        self.folder = find_base(settings.base, silent)
        self.base = DiffusionBase(self.folder, self.device, self.dtype)
        if settings.gradient_checkpointing:
            self.base.unet.train().enable_gradient_checkpointing()
        torch.manual_seed(settings.seed)
        return {"attention": ImageAttention(self.base.embedding_width)}

    def step(self, photos: Tensor, paintings: Tensor, random: torch.Generator) -> dict[str, Tensor]:
        """Learn from crops (n, 3, c, c) of the style image, in the place of photos, and from it whole, in [-1, 1]."""
        torch.manual_seed(int(torch.randint(2**62, (), generator=random)))  # for the dropout
        with torch.no_grad():
            crops = padded_to_multiple((photos + 1) / 2, self.base.multiple_of, mode="reflect")
            latents = self.base.encode(crops, random)
        scheduler = self.base.scheduler
        times = torch.randint(scheduler.config.num_train_timesteps, latents.shape[:1], generator=random)
        noise = torch.randn(latents.shape, generator=random).to(latents)
        times = times.to(latents.device)
        prompt = self.base.encode_prompt(self._word(paintings)).expand(len(latents), -1, -1)
        loss = functional.mse_loss(self.base.predict(scheduler.add_noise(latents, noise, times), times, prompt), noise)
        self.descend(("attention",), loss)
        return {"noise": loss.detach()}

    def _word(self, painting: Tensor) -> Tensor:
        if self._seen is None:
            encoder = find_image_encoder(self.settings.image_encoder, self.folder, silent)
            self._seen = encode_image(encoder, (painting + 1) / 2, self.base.embedding_width, self.device)
        word: Tensor = self.networks["attention"](*self._seen)[0]
        return word

    @torch.no_grad()
    def inversion(self, painting: Tensor) -> Look:
        """Return what was learnt of the style image (1, 3, h, w) in [-1, 1], without its history."""
        self.networks["attention"].eval()
        word = self._word(painting.to(self.device))
        self.networks["attention"].train()
        name = str(self.folder.resolve()) if Path(self.settings.base).is_dir() else self.settings.base
        return Look(word, name, base_identity(self.folder))
