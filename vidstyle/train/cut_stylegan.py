"""CUT with the generator and the discriminator of StyleGAN2, which R1 keeps in check."""

from torch import nn

from vidstyle.networks.generator import LayeredGenerator
from vidstyle.networks.stylegan2 import StyleGAN2Discriminator, StyleGAN2Generator
from vidstyle.train.contrastive import ContrastiveTraining
from vidstyle.train.settings import TrainSettings


class StyleGANContrastiveTraining(ContrastiveTraining):
    """The step of CUT; Adam's betas are StyleGAN2's."""

    betas = (0.0, 0.99)

    def build_generator(self, settings: TrainSettings) -> LayeredGenerator:
        """Return a new G."""
        return StyleGAN2Generator(settings.channels, settings.blocks)

    def build_discriminator(self, settings: TrainSettings) -> nn.Module:
        """Return a new D for crops of the run's size."""
        return StyleGAN2Discriminator(settings.discriminator_channels, settings.crop)
