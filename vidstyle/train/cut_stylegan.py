"""CUT with the generator and the discriminator of StyleGAN2, which R1 keeps in check."""

import torch
from torch import Tensor, nn

from vidstyle.losses.adversarial import adversarial_loss
from vidstyle.losses.gradient_penalty import r1_penalty
from vidstyle.networks.generator import LayeredGenerator
from vidstyle.networks.stylegan2 import StyleGAN2Discriminator, StyleGAN2Generator
from vidstyle.train.contrastive import ContrastiveTraining
from vidstyle.train.settings import TrainSettings


class StyleGANContrastiveTraining(ContrastiveTraining):
    """The step of CUT; Adam's betas are StyleGAN2's, R1 is |gradient|^2 before its weight."""

    losses = (*ContrastiveTraining.losses, "R1")
    betas = (0.0, 0.99)

    def build_generator(self, settings: TrainSettings) -> LayeredGenerator:
        """Return a new G."""
        return StyleGAN2Generator(settings.channels, settings.blocks)

    def build_discriminator(self, settings: TrainSettings) -> nn.Module:
        """Return a new D for crops of the run's size."""
        return StyleGAN2Discriminator(settings.discriminator_channels, settings.crop)

    def _judge(self, fakes: Tensor, paintings: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        """Return D's losses and R1, which is differentiated twice: real images are judged in fp32 for it."""
        discriminator, mode = self.networks["discriminator"], self.settings.gan_mode
        with self.autocast():
            fake = adversarial_loss(discriminator(fakes), False, mode)
        with torch.autocast(self.device.type, enabled=False):
            scores = discriminator(paintings.requires_grad_())
            real, penalty = adversarial_loss(scores, True, mode), r1_penalty(scores, paintings)
        losses = {"D_fake": fake, "D_real": real, "R1": penalty}
        return losses, 0.5 * (fake + real) + 0.5 * self.settings.lambda_r1 * penalty
