"""The training step of CUT and CUT++: one adversarial game, PatchNCE on photos and on paintings."""

from typing import Any

import torch
from torch import Tensor, nn

from vidstyle.losses.adversarial import adversarial_loss
from vidstyle.losses.patch_nce import distance_weights, patch_nce
from vidstyle.networks.discriminator import PatchDiscriminator
from vidstyle.networks.generator import ResNetGenerator, patch_channels
from vidstyle.networks.patch_features import PatchEmbeddings, draw_positions
from vidstyle.train.settings import TrainSettings

LOSSES = ("G_GAN", "NCE", "NCE_Y", "D_fake", "D_real")
"""The names of the paper's Fig. 4."""


class ContrastiveTraining:
    """Generator G, discriminator D and patch embeddings F with their optimisers (Adam, betas 0.5 and 0.999)."""

    def __init__(self, settings: TrainSettings, device: torch.device, dtype: torch.dtype) -> None:
        self.settings, self.device, self.dtype = settings, device, dtype
        self.weighting = settings.resolved("weighting")
        torch.manual_seed(settings.seed)
        self.generator = ResNetGenerator(settings.channels, settings.blocks).to(device)
        self.discriminator = PatchDiscriminator(settings.discriminator_channels).to(device)
        self.embeddings = PatchEmbeddings(
            patch_channels(settings.channels),
            attention=settings.resolved("attention") == "on",
            residual=settings.residual,
        ).to(device)
        self.optimizers = [self._adam(network) for network in self._networks().values()]

    def _networks(self) -> dict[str, nn.Module]:
        return {"generator": self.generator, "discriminator": self.discriminator, "embeddings": self.embeddings}

    def _adam(self, network: nn.Module) -> torch.optim.Adam:
        return torch.optim.Adam(
            network.parameters(), lr=self.settings.lr, betas=(0.5, 0.999), fused=self.device.type != "mps"
        )

    def set_learning_rate(self, rate: float) -> None:
        """Use `rate` from the next step on."""
        for group in (group for optimizer in self.optimizers for group in optimizer.param_groups):
            group["lr"] = rate

    def step(self, photos: Tensor, paintings: Tensor, patches: torch.Generator) -> dict[str, Tensor]:
        """Learn from (n, 3, c, c) floats in [-1, 1] of either side; return the losses by their names in Fig. 4."""
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            sources = torch.cat([photos, paintings]) if self.settings.identity else photos
            painted, source_features = self.generator.paint_and_features(sources)
            fakes = painted[: len(photos)]
            discriminator_losses = self._discriminator_losses(fakes.detach(), paintings)
        self._descend(self.optimizers[1:2], discriminator_losses["D_fake"] + discriminator_losses["D_real"], 0.5)
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            self.discriminator.requires_grad_(False)
            verdict = adversarial_loss(self.discriminator(fakes), True, self.settings.gan_mode)
            contrasts = self._contrasts(painted, [one.detach() for one in source_features], len(photos), patches)
        self._descend(self.optimizers[::2], verdict + self.settings.lambda_nce * torch.stack(contrasts).mean(), 1.0)
        self.discriminator.requires_grad_(True)
        named = {"G_GAN": verdict, **dict(zip(("NCE", "NCE_Y"), contrasts, strict=False)), **discriminator_losses}
        return {name: named[name].detach() for name in LOSSES if name in named}

    def _discriminator_losses(self, fakes: Tensor, paintings: Tensor) -> dict[str, Tensor]:
        mode = self.settings.gan_mode
        return {
            "D_fake": adversarial_loss(self.discriminator(fakes), False, mode),
            "D_real": adversarial_loss(self.discriminator(paintings), True, mode),
        }

    def _contrasts(self, painted: Tensor, sources: list[Tensor], photos: int, patches: torch.Generator) -> list[Tensor]:
        """Return NCE, and NCE_Y with the identity term: means over patches, then over layers.

        The source features are those of the painting pass: G has not changed since, and instance norm is per image.
        """
        features = self.generator.features(painted)
        positions = draw_positions(features, self.settings.patches, patches)
        queries = self.embeddings(features, positions)
        keys = [one.detach() for one in self.embeddings(sources, positions)]
        weights = [self._weights(*pair) for pair in zip(features, positions, strict=True)]
        sides = [slice(0, photos), slice(photos, None)] if self.settings.identity else [slice(0, photos)]
        return [
            torch.stack(
                [
                    patch_nce(query[side], key[side], self.weighting, weight)
                    for query, key, weight in zip(queries, keys, weights, strict=True)
                ]
            ).mean()
            for side in sides
        ]

    def _weights(self, feature_map: Tensor, positions: Tensor) -> Tensor | None:
        if self.weighting == "none":
            return None
        crop, width = self.settings.crop, feature_map.shape[3]
        return distance_weights(positions, width, max(1, crop // width), crop, self.settings.distance_base)

    def _descend(self, optimizers: list[torch.optim.Adam], loss: Tensor, factor: float) -> None:
        for optimizer in optimizers:
            optimizer.zero_grad(set_to_none=True)
        (factor * loss).backward()
        for optimizer in optimizers:
            optimizer.step()

    def state_dict(self) -> dict[str, Any]:
        """Return everything that a bit-exact resume needs of the networks and optimisers."""
        networks = {name: network.state_dict() for name, network in self._networks().items()}
        return {"networks": networks, "optimizers": [optimizer.state_dict() for optimizer in self.optimizers]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up the state that `state_dict` gave."""
        for name, network in self._networks().items():
            network.load_state_dict(state["networks"][name])
        for optimizer, kept in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(kept)
