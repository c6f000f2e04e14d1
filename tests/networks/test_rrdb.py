"""The deep super-resolution network computes what its definition says."""

import pytest
import torch
from torch.nn import functional

from vidstyle.networks.rrdb import EFFECTIVE_RADIUS, RRDBNet


def convolve(features: torch.Tensor, state: dict[str, torch.Tensor], name: str) -> torch.Tensor:
    return functional.conv2d(functional.pad(features, (1, 1, 1, 1)), state[f"{name}.weight"], state[f"{name}.bias"])


def leak(features: torch.Tensor) -> torch.Tensor:
    return torch.where(features > 0, features, 0.2 * features)


def by_hand(images: torch.Tensor, state: dict[str, torch.Tensor], blocks: int) -> torch.Tensor:
    """Follow the definition of ESRGAN with lists of features and no modules."""
    first = convolve(images, state, "conv_first")
    trunk = first
    for block in range(blocks):
        inside = trunk
        for dense in (1, 2, 3):
            seen = [inside]
            for number in (1, 2, 3, 4):
                seen.append(leak(convolve(torch.cat(seen, 1), state, f"body.{block}.rdb{dense}.conv{number}")))
            inside = inside + 0.2 * convolve(torch.cat(seen, 1), state, f"body.{block}.rdb{dense}.conv5")
        trunk = trunk + 0.2 * inside
    features = first + convolve(trunk, state, "conv_body")
    for name in ("conv_up1", "conv_up2"):
        doubled = features.repeat_interleave(2, 2).repeat_interleave(2, 3)
        features = leak(convolve(doubled, state, name))
    return convolve(leak(convolve(features, state, "conv_hr")), state, "conv_last")


def test_it_equals_a_walk_through_its_definition() -> None:
    torch.manual_seed(0)
    network = RRDBNet(blocks=2, features=6, growth=4).double()
    images = torch.rand(2, 3, 5, 6, dtype=torch.float64)
    expected = by_hand(images, network.state_dict(), 2)
    torch.testing.assert_close(network(images), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("blocks", "parameters"), [(23, 16_697_987), (6, 4_467_779)])
def test_the_official_sizes_have_the_official_parameter_counts(blocks: int, parameters: int) -> None:
    with torch.device("meta"):
        network = RRDBNet(blocks)
    assert sum(parameter.numel() for parameter in network.parameters()) == parameters


def test_a_network_of_scale_two_folds_its_input_into_channels() -> None:
    torch.manual_seed(0)
    network = RRDBNet(blocks=1, features=4, growth=4, scale=2).double()
    images = torch.rand(1, 3, 6, 8, dtype=torch.float64)
    folded = torch.stack(
        [images[:, colour, row::2, column::2] for colour in range(3) for row in (0, 1) for column in (0, 1)], dim=1
    )
    torch.testing.assert_close(network(images), by_hand(folded, network.state_dict(), 1), rtol=0, atol=1e-12)
    assert network(images).shape == (1, 3, 12, 16)


def test_a_pixel_changes_its_surroundings_up_to_the_declared_radius_and_no_further() -> None:
    network = RRDBNet(blocks=1, features=4, growth=4).double()
    for name, parameter in network.named_parameters():
        torch.nn.init.constant_(parameter, 0.0 if name.endswith("bias") else 1.0)
    images = torch.zeros(1, 3, 1, 61, dtype=torch.float64)
    images[..., 30] = 1
    columns = network(images).any(dim=1).any(dim=1)[0].nonzero()[:, 0] // 4
    assert network.receptive_radius == 19
    assert (columns.min().item(), columns.max().item()) == (11, 49)


def test_a_deep_network_declares_where_its_influence_has_faded() -> None:
    with torch.device("meta"):
        assert RRDBNet(23).receptive_radius == EFFECTIVE_RADIUS == 96
        assert RRDBNet(6).receptive_radius == 94
