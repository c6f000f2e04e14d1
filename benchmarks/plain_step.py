"""The training step in the order of work of the public CUT code: what ours must equal, and be faster than."""

import torch
from torch import Tensor

from vidstyle.losses.adversarial import adversarial_loss
from vidstyle.losses.patch_nce import patch_nce
from vidstyle.networks.patch_features import draw_positions
from vidstyle.train.contrastive import ContrastiveTraining
from vidstyle.train.settings import TrainSettings


class PlainStep:
    """CUT in fp32, eager; each contrast passes its sources and its paintings through the encoder: four passes in all."""

    def __init__(self, settings: TrainSettings, device: torch.device) -> None:
        made = ContrastiveTraining(settings, device, torch.float32)
        self.settings, self.networks = settings, made.networks
        self.optimizers = {
            name: torch.optim.Adam(network.parameters(), settings.lr, made.betas, foreach=False)
            for name, network in made.networks.items()
        }

    def step(self, photos: Tensor, paintings: Tensor, random: torch.Generator) -> dict[str, Tensor]:
        """Learn from (n, 3, c, c) floats in [-1, 1] of either side; return the losses by their names in Fig. 4."""
        generator, discriminator = self.networks["generator"], self.networks["discriminator"]
        fakes, same = generator(torch.cat([photos, paintings])).split(len(photos))
        self._zero("discriminator")
        fake = adversarial_loss(discriminator(fakes.detach()), False, self.settings.gan_mode)
        real = adversarial_loss(discriminator(paintings), True, self.settings.gan_mode)
        ((fake + real) / 2).backward()
        self.optimizers["discriminator"].step()
        discriminator.requires_grad_(False)
        self._zero("generator", "embeddings")
        verdict = adversarial_loss(discriminator(fakes), True, self.settings.gan_mode)
        state = random.get_state()
        contrast = self._contrast(photos, fakes, random)
        random.set_state(state)
        contrast_same = self._contrast(paintings, same, random)
        (verdict + self.settings.lambda_nce * (contrast + contrast_same) / 2).backward()
        self.optimizers["generator"].step()
        self.optimizers["embeddings"].step()
        discriminator.requires_grad_(True)
        named = {"G_GAN": verdict, "NCE": contrast, "NCE_Y": contrast_same, "D_fake": fake, "D_real": real}
        return {name: loss.detach() for name, loss in named.items()}

    def _zero(self, *names: str) -> None:
        for name in names:
            self.optimizers[name].zero_grad()

    def _contrast(self, sources: Tensor, painted: Tensor, random: torch.Generator) -> Tensor:
        """Return PatchNCE of the paintings against their sources: the mean over layers."""
        generator, embeddings = self.networks["generator"], self.networks["embeddings"]
        queries = generator.features(painted)  # type: ignore[operator]
        keys = generator.features(sources)  # type: ignore[operator]
        positions = draw_positions(queries, self.settings.patches, random)
        pairs = zip(embeddings(queries, positions), embeddings(keys, positions), strict=True)
        return torch.stack([patch_nce(query, key.detach()) for query, key in pairs]).mean()
