"""StyleGAN2's parts do what its paper says, and the generator has what PatchNCE needs."""

import pytest
import torch
from torch import nn

from vidstyle.networks.johnson import JohnsonNetwork
from vidstyle.networks.stylegan2 import EqualConv2d, EqualLinear, StyleGAN2Discriminator, StyleGAN2Generator


def test_layers_keep_the_scale_of_what_they_are_given() -> None:
    torch.manual_seed(0)
    assert EqualConv2d(64, 64, 3)(torch.randn(1, 64, 16, 16))[..., 1:-1, 1:-1].std().item() == pytest.approx(1, abs=0.1)
    assert EqualLinear(256, 256)(torch.randn(16, 256)).std().item() == pytest.approx(1, abs=0.1)


def test_demodulated_filters_have_unit_length_whatever_their_weights() -> None:
    torch.manual_seed(0)
    layer = EqualConv2d(8, 4, 3, demodulate=True)
    features = torch.randn(1, 8, 6, 6)
    before = layer(features)
    with torch.no_grad():
        layer.weight.mul_(7)
    assert torch.allclose(layer(features), before, atol=1e-5)


def test_the_public_code_at_a_256_crop_has_these_widths() -> None:
    generator = StyleGAN2Generator()
    widths = [layer.out_channels for layer in generator.modules() if isinstance(layer, nn.Conv2d)]
    assert (widths[0], max(widths), widths[-2], widths[-1]) == (128, 256, 128, 3)
    discriminator = StyleGAN2Discriminator(64, 256)
    assert [layer.in_features for layer in discriminator.modules() if isinstance(layer, nn.Linear)] == [384 * 16, 384]


def test_patch_features_have_the_widths_that_are_stated_and_come_with_the_painting() -> None:
    generator = StyleGAN2Generator(4, 6)
    images = torch.rand(2, 3, 32, 36) * 2 - 1
    painted, features = generator.paint_and_features(images)
    assert [feature_map.shape[1] for feature_map in features] == list(generator.patch_channels)
    assert [tuple(feature_map.shape[2:]) for feature_map in features] == [(32, 36), (16, 18), (16, 18)]
    assert torch.equal(features[0], images)
    assert torch.equal(painted, generator(images))
    assert all(torch.equal(*pair) for pair in zip(features, generator.features(images), strict=True))


@pytest.mark.parametrize("network", [StyleGAN2Generator(4, 5), JohnsonNetwork(4, 5)])
@pytest.mark.parametrize("size", [(32, 32), (36, 64)])
def test_pictures_keep_their_size_and_range(network: nn.Module, size: tuple[int, int]) -> None:
    painted = network(torch.rand(1, 3, *size) * 2 - 1)
    assert painted.shape == (1, 3, *size)
    assert painted.abs().max() <= 1


@pytest.mark.parametrize("side", [32, 36, 72, 96, 256])
def test_the_discriminator_scores_crops_of_any_side(side: int) -> None:
    assert StyleGAN2Discriminator(2, side)(torch.rand(3, 3, side, side)).shape == (3, 1)
