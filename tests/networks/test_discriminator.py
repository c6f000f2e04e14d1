"""The PatchGAN discriminator has the published size and scores the published patches."""

import torch
from torch import nn

from vidstyle.networks.discriminator import PatchDiscriminator


def test_the_discriminator_has_the_published_number_of_parameters() -> None:
    assert sum(parameter.numel() for parameter in PatchDiscriminator().parameters()) == 2_764_737


def test_the_discriminator_scores_overlapping_patches_of_70_pixels() -> None:
    discriminator = PatchDiscriminator(4)
    assert discriminator(torch.zeros(1, 3, 256, 256)).shape == (1, 1, 30, 30)
    plain = nn.Sequential(*[layer for layer in discriminator.model if not isinstance(layer, nn.InstanceNorm2d)])
    image = torch.rand(1, 3, 256, 256, requires_grad=True)
    plain(image)[0, 0, 15, 15].backward()
    rows = image.grad.abs().sum((0, 1, 3)).nonzero()
    assert 70 <= int(rows.max() - rows.min()) + 1 <= 86
