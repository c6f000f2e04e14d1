"""The PatchGAN has the published size and scores the published patches; the spectral one stretches nothing."""

import pytest
import torch
from torch import nn

from vidstyle.networks.discriminator import PatchDiscriminator, SpectralDiscriminator


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


def test_the_spectral_discriminator_has_the_number_of_parameters_that_it_states() -> None:
    assert sum(parameter.numel() for parameter in SpectralDiscriminator(1, 32).parameters()) == 581_729


@pytest.mark.parametrize("channels", [1, 3])
def test_there_is_a_score_for_every_sixteenth_pixel(channels: int) -> None:
    assert SpectralDiscriminator(channels, 4)(torch.zeros(2, channels, 40, 49)).shape == (2, 1, 3, 4)


def test_a_score_depends_on_a_patch_alone() -> None:
    torch.manual_seed(0)
    discriminator = SpectralDiscriminator(1, 4).eval()
    images = torch.rand(1, 1, 208, 208, requires_grad=True)
    discriminator(images)[0, 0, 6, 6].backward()
    rows = images.grad.abs().sum((0, 1, 3)).nonzero()
    assert int(rows.max() - rows.min()) + 1 == 91


def test_no_layer_stretches_more_than_once() -> None:
    torch.manual_seed(0)
    discriminator = SpectralDiscriminator(3, 8)
    with torch.no_grad():
        for parameter in discriminator.parameters():
            parameter.mul_(7)
    for _ in range(30):
        discriminator(torch.rand(1, 3, 16, 16))
    convolutions = [layer for layer in discriminator.model if isinstance(layer, nn.Conv2d)][:-1]
    largest = [float(torch.linalg.matrix_norm(layer.weight.detach().flatten(1), 2)) for layer in convolutions]
    assert len(largest) == 8 and largest == pytest.approx([1] * 8, rel=0.05)
