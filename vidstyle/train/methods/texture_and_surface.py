"""The discriminators of texture and of surfaces, as a base of the methods that learn from them.

As in White-box Cartoonization (Wang and Yu, 2020) one sees the texture, without hue; the other sees the surfaces, without
texture. Both have least squares as their loss.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from vidstyle.losses.gan import adversarial_loss
from vidstyle.losses.white_box import random_grey, surface
from vidstyle.networks.discriminator import SpectralDiscriminator
from vidstyle.train.methods.base import NetworkTraining

SEEN_CHANNELS = {"texture": 1, "surface": 3}
"""The channels of what each discriminator sees."""
LABEL_SMOOTHING = 0.1
"""Discriminators aim at 0.9 for cartoon frames and at 0.1 for fakes, so that they do not win (Salimans et al., 2016)."""


def new_discriminator(name: str, channels: int) -> SpectralDiscriminator:
    """Return the discriminator `texture` or `surface` with random weights."""
    return SpectralDiscriminator(SEEN_CHANNELS[name], channels)


class DiscriminatorTraining(NetworkTraining):
    """Base of methods among whose networks are `texture` or `surface`, as `new_discriminator` made them."""

    def train_discriminator(self, name: str, reals: Tensor, fakes: Sequence[Tensor], random: torch.Generator) -> Tensor:
        """Take one step of a discriminator; every kind of fakes counts as much. Return its loss: 0.16 by chance.

        Images are (n, 3, h, w) in [-1, 1], as many of each kind.
        """
        shown = torch.cat([self.shown(images, random) for images in (reals, *fakes)])
        with self.autocast():
            scores_real, *scores_fake = self.networks[name](_view(name, shown, random)).split(len(reals))
            real = _lsgan(scores_real, True)
            fake = torch.stack([_lsgan(scores, False) for scores in scores_fake]).mean()
        loss = 0.5 * (real + fake)
        self.descend([name], loss)
        return loss

    def fooling_loss(self, name: str, painted: Tensor, random: torch.Generator) -> Tensor:
        """Return how surely a discriminator sees that paintings, (n, 3, h, w) in [-1, 1], are none of the cartoon."""
        discriminator = self.networks[name].requires_grad_(False)
        with self.autocast():
            loss = _lsgan(discriminator(_view(name, self.shown(painted, random), random)), True)
        discriminator.requires_grad_(True)
        return loss


def _view(name: str, images: Tensor, random: torch.Generator) -> Tensor:
    """Return what the discriminator `name` sees of images (n, 3, h, w); those of one call are seen in the same grey."""
    return random_grey(images, random) if name == "texture" else surface(images)


def _lsgan(scores: Tensor, real: bool) -> Tensor:
    return adversarial_loss(scores, real, "lsgan", LABEL_SMOOTHING)
