"""The training step of InST (Zhang et al., 2023): the look of one image is learnt as the embedding of a new word.

With that word alone as its prompt, a diffusion model denoises towards the look.
"""

from pathlib import Path

import torch
from torch import Tensor
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


class LookTraining(NetworkTraining):
    """Fits the attention that turns an image into a look. The diffusion model and CLIP are fixed: no checkpoint holds them."""

    losses: tuple[str, ...] = ("noise",)
    betas = (0.9, 0.999)
    generator = None

    def __init__(self, settings: TrainSettings, device: torch.device, dtype: torch.dtype) -> None:
        """Load the diffusion model, which must be on this machine; raises StyleError and DependencyError."""
        self.folder = find_base(settings.base, silent)
        self.base = DiffusionBase(self.folder, device, dtype)
        if settings.gradient_checkpointing:
            self.base.unet.train().enable_gradient_checkpointing()
        torch.manual_seed(settings.seed)
        super().__init__(settings, device, dtype, {"attention": ImageAttention(self.base.embedding_width)})
        self._image_embeddings: tuple[Tensor, Tensor] | None = None

    def step(self, photos: Tensor, paintings: Tensor, random: torch.Generator) -> dict[str, Tensor]:
        """Learn from crops of the style image (n, 3, c, c), given as photos, and from the whole of it, in [-1, 1]."""
        torch.manual_seed(int(torch.randint(2**62, (), generator=random)))  # for the dropout
        with torch.no_grad():
            crops = padded_to_multiple((photos + 1) / 2, self.base.multiple_of, mode="reflect")
            latents = self.base.encode(crops, random)
        scheduler = self.base.scheduler
        times = torch.randint(scheduler.config.num_train_timesteps, latents.shape[:1], generator=random)
        noise = torch.randn(latents.shape, generator=random).to(latents)
        times = times.to(latents.device)
        prompt = self.base.encode_prompt(self._embedding(paintings)).expand(len(latents), -1, -1)
        loss = functional.mse_loss(self.base.predict(scheduler.add_noise(latents, noise, times), times, prompt), noise)
        self.descend(("attention",), loss)
        return {"noise": loss.detach()}

    def _embedding(self, painting: Tensor) -> Tensor:
        """Return the word embedding (width,) that the attention gives for the style image."""
        if self._image_embeddings is None:
            encoder = find_image_encoder(self.settings.image_encoder, self.folder, silent)
            self._image_embeddings = encode_image(encoder, (painting + 1) / 2, self.base.embedding_width, self.device)
        embedding: Tensor = self.networks["attention"](*self._image_embeddings)[0]
        return embedding

    @torch.no_grad()
    def look(self, painting: Tensor) -> Look:
        """Return the look that was learnt of the style image (1, 3, h, w) in [-1, 1], without its history."""
        self.networks["attention"].eval()
        embedding = self._embedding(painting.to(self.device))
        self.networks["attention"].train()
        name = str(self.folder.resolve()) if Path(self.settings.base).is_dir() else self.settings.base
        return Look(embedding, name, base_identity(self.folder))
