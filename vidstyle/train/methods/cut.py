"""The training step of CUT, CUT++ and FastCUT: an adversarial loss, and PatchNCE on photos and on paintings.

CUT-StyleGAN takes the same step with the networks of StyleGAN2. The terms for clean pictures join where they have a weight.
"""

import torch
from torch import Tensor, nn

from vidstyle.losses.gan import adversarial_loss, r1_penalty
from vidstyle.losses.patch_nce import distance_weights, patch_nce
from vidstyle.networks.discriminator import PatchDiscriminator
from vidstyle.networks.patch_features import PatchEmbeddings, draw_positions
from vidstyle.networks.resnet_generator import LayeredGenerator, ResNetGenerator
from vidstyle.networks.stylegan2 import StyleGAN2Discriminator, StyleGAN2Generator
from vidstyle.train.methods.clean_pictures import CleanPictureTraining, images_and_counterparts
from vidstyle.train.settings import TrainSettings

CURVES = ("G_GAN", "NCE", "NCE_Y", "D_fake", "D_real")
"""The losses of the paper's Fig. 4."""


class ContrastiveTraining(CleanPictureTraining):
    """Generator G, discriminator D and patch embeddings F; the losses have the names of the paper's Fig. 4."""

    def __init__(self, settings: TrainSettings, device: torch.device, dtype: torch.dtype) -> None:
        torch.manual_seed(settings.seed)
        self.generator = self.new_generator(settings)
        networks = {
            "generator": self.generator,
            "discriminator": self.new_discriminator(settings),
            "embeddings": PatchEmbeddings(
                self.generator.patch_channels, attention=settings.attention == "on", residual=settings.residual
            ),
        }
        super().__init__(settings, device, dtype, networks)
        curves = (*CURVES, "R1") if settings.lambda_r1 else CURVES
        self.losses: tuple[str, ...] = (*curves, *self.clean_losses)

    @staticmethod
    def new_generator(settings: TrainSettings) -> LayeredGenerator:
        """Return a new G."""
        return ResNetGenerator(settings.channels, settings.blocks)

    @staticmethod
    def new_discriminator(settings: TrainSettings) -> nn.Module:
        """Return a new D."""
        return PatchDiscriminator(settings.discriminator_channels)

    def step(self, photos: Tensor, paintings: Tensor, random: torch.Generator) -> dict[str, Tensor]:
        """Learn from (n, 3, c, c) floats in [-1, 1] of either side; return the losses by their names in Fig. 4.

        With terms for clean pictures there are six channels: images over their counterparts.
        """
        flattened = smooth_edged = None
        if self.weights:
            photos, flattened = images_and_counterparts(photos)
            paintings, smooth_edged = images_and_counterparts(paintings)
        sources = torch.cat([photos, paintings]) if self.settings.identity else photos
        mirrored = self.settings.flip_equivariance and bool(torch.rand((), generator=random) < 0.5)
        with self.autocast():
            painted, keys = self._paint(sources, mirrored)
        fakes = painted[: len(photos)]
        verdicts, judgement = self._judge(fakes.detach(), paintings, random)
        self.descend(["discriminator"], judgement)
        clean: dict[str, Tensor] = {}
        if flattened is not None and smooth_edged is not None:
            flattened = self.towards_palette(flattened, paintings.detach())
            verdicts |= self.train_discriminators(fakes.float(), paintings.detach(), smooth_edged, random)
            seen, wanted = (images.flip(3) if mirrored else images for images in (photos, flattened))
            clean = self.generator_losses(fakes.float(), seen, wanted, random)
        with self.autocast():
            self.networks["discriminator"].requires_grad_(False)
            shown = self.shown(fakes, random)
            verdict = adversarial_loss(self.networks["discriminator"](shown), True, self.settings.gan_mode)
            contrasts = self._contrasts(painted, keys, mirrored, len(photos), random)
        total = verdict + self.settings.lambda_nce * torch.stack(contrasts).mean()
        total = total + self.weighted(clean) if clean else total
        self.descend(["generator", "embeddings"], total)
        self.networks["discriminator"].requires_grad_(True)
        named = {"G_GAN": verdict, **dict(zip(("NCE", "NCE_Y"), contrasts, strict=False)), **verdicts, **clean}
        return {name: named[name].detach() for name in self.losses if name in named}

    def _paint(self, sources: Tensor, mirrored: bool) -> tuple[Tensor, list[Tensor]]:
        """Return the paintings of `sources`, painted mirrored if asked, and the features of the sources as they are.

        Unmirrored, the features come from the painting pass: G does not change before they are compared, and its norms
        are per image. Mirrored, they need a second pass, over the sources as they were.
        """
        painted, features = self.generator.paint_and_features(sources.flip(3) if mirrored else sources)
        if mirrored:
            with torch.no_grad():
                features = self.generator.features(sources)
        return painted, [feature_map.detach() for feature_map in features]

    def _judge(self, fakes: Tensor, paintings: Tensor, random: torch.Generator) -> tuple[dict[str, Tensor], Tensor]:
        """Return D's losses by name, and the total that it descends on."""
        discriminator, settings = self.networks["discriminator"], self.settings
        with self.autocast():
            fake = adversarial_loss(discriminator(self.shown(fakes, random)), False, settings.gan_mode)
            if not settings.lambda_r1:
                real = adversarial_loss(discriminator(self.shown(paintings, random)), True, settings.gan_mode)
                return {"D_fake": fake, "D_real": real}, 0.5 * (fake + real)
        # R1 is differentiated twice: real images are judged in fp32 for it.
        scores = discriminator(self.shown(paintings.requires_grad_(), random))
        real, penalty = adversarial_loss(scores, True, settings.gan_mode), r1_penalty(scores, paintings)
        total = 0.5 * (fake + real + settings.lambda_r1 * penalty)
        return {"D_fake": fake, "D_real": real, "R1": penalty}, total

    def _contrasts(
        self, painted: Tensor, keys: list[Tensor], mirrored: bool, photos: int, random: torch.Generator
    ) -> list[Tensor]:
        """Return NCE, and NCE_Y with the identity term: means over patches, then over layers."""
        features = [
            feature_map.flip(3) if mirrored else feature_map for feature_map in self.generator.features(painted)
        ]
        positions = draw_positions(features, self.settings.patches, random)
        queries = self.networks["embeddings"](features, positions)
        embedded = [key.detach() for key in self.networks["embeddings"](keys, positions)]
        weights = [self._weights(*pair) for pair in zip(features, positions, strict=True)]
        layers = list(zip(queries, embedded, weights, strict=True))
        sides = [slice(0, photos), slice(photos, None)] if self.settings.identity else [slice(0, photos)]
        return [
            torch.stack(
                [patch_nce(query[side], key[side], self.settings.weighting, weight) for query, key, weight in layers]
            ).mean()
            for side in sides
        ]

    def _weights(self, feature_map: Tensor, positions: Tensor) -> Tensor | None:
        if self.settings.weighting == "none":
            return None
        crop, width = self.settings.crop, feature_map.shape[3]
        return distance_weights(positions, width, max(1, crop // width), crop, self.settings.distance_base)


class StyleGANContrastiveTraining(ContrastiveTraining):
    """The step of CUT with the networks of StyleGAN2, and its betas for Adam."""

    betas = (0.0, 0.99)

    @staticmethod
    def new_generator(settings: TrainSettings) -> LayeredGenerator:
        """Return a new G."""
        return StyleGAN2Generator(settings.channels, settings.blocks)

    @staticmethod
    def new_discriminator(settings: TrainSettings) -> nn.Module:
        """Return a new D for crops of the run's size."""
        return StyleGAN2Discriminator(settings.discriminator_channels, settings.crop)
