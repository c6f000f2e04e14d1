"""Networks with norms that keep channels-last features compute and learn what the plain ones do."""

import copy

import pytest
import torch
from torch import Tensor, nn

from vidstyle.networks.cartoon_gan import CartoonGANGenerator
from vidstyle.networks.discriminator import PatchDiscriminator
from vidstyle.networks.johnson import JohnsonNetwork
from vidstyle.networks.norms import SMOOTHED_FRAMES, keep_channels_last, smooth_norms
from vidstyle.networks.resnet_generator import ResNetGenerator

NETWORKS = {
    "generator": lambda: ResNetGenerator(channels=4, blocks=2),
    "affine": lambda: CartoonGANGenerator(channels=2, blocks=1),
    "johnson": lambda: JohnsonNetwork(channels=4, blocks=1),
    "discriminator": lambda: PatchDiscriminator(channels=4),
}


def _gradients(network: nn.Module, images: Tensor) -> tuple[Tensor, list[Tensor]]:
    results = network(images)
    target = torch.linspace(-1, 1, results.numel(), dtype=results.dtype).view_as(results)
    return results, list(torch.autograd.grad((results - target).square().sum(), list(network.parameters())))


@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("name", NETWORKS)
def test_it_paints_and_learns_as_the_plain_network(name: str, batch: int) -> None:
    torch.manual_seed(0)
    plain = NETWORKS[name]().double()
    with torch.no_grad():
        for weight in plain.parameters():
            weight.add_(torch.rand_like(weight) * 0.1)
    fast = copy.deepcopy(plain)
    keep_channels_last(fast)
    images = torch.rand(batch, 3, 32, 40, dtype=torch.float64) * 2 - 1
    expected, expected_gradients = _gradients(plain, images)
    found, gradients = _gradients(fast, images.contiguous(memory_format=torch.channels_last))
    assert torch.allclose(found, expected, atol=1e-9)
    for gradient, expected_gradient in zip(gradients, expected_gradients, strict=True):
        assert torch.allclose(gradient, expected_gradient, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_layer_keeps_the_layout(name: str) -> None:
    network = NETWORKS[name]()
    keep_channels_last(network)
    current = torch.rand(2, 3, 32, 32).contiguous(memory_format=torch.channels_last)
    for layer in network.model:
        current = layer(current)
        assert current.is_contiguous(memory_format=torch.channels_last), type(layer).__name__


@pytest.mark.parametrize("name", NETWORKS)
def test_its_state_has_the_names_of_the_plain_one(name: str) -> None:
    network = NETWORKS[name]()
    names = list(network.state_dict())
    keep_channels_last(network)
    assert list(network.state_dict()) == names


def test_a_smooth_norm_that_sees_one_frame_alone_is_the_plain_norm() -> None:
    plain = nn.Sequential(nn.InstanceNorm2d(3, eps=1e-3, affine=True))
    for weight in plain.parameters():
        nn.init.normal_(weight)
    smooth, features = copy.deepcopy(plain), torch.rand(1, 3, 6, 5)
    (norm,) = smooth_norms(smooth)
    norm.weights = torch.eye(SMOOTHED_FRAMES + 1)[-1:]
    torch.testing.assert_close(smooth(features), plain(features))
