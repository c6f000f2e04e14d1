"""The compact super-resolution network computes what its definition says."""

import torch
from torch.nn import functional

from vidstyle.networks.srvgg import SRVGGNetCompact


def by_hand(images: torch.Tensor, state: dict[str, torch.Tensor], scale: int) -> torch.Tensor:
    """Walk through the parameters in order and lay the sub-pixels out one by one."""
    features, last = images, max(int(key.split(".")[1]) for key in state)
    for index in range(last + 1):
        weight = state[f"body.{index}.weight"]
        if weight.ndim == 4:
            features = functional.conv2d(functional.pad(features, (1, 1, 1, 1)), weight, state[f"body.{index}.bias"])
        else:
            features = torch.where(features > 0, features, features * weight.view(1, -1, 1, 1))
    enlarged = images.repeat_interleave(scale, 2).repeat_interleave(scale, 3)
    for colour in range(images.shape[1]):
        for row in range(scale):
            for column in range(scale):
                enlarged[:, colour, row::scale, column::scale] += features[:, colour * scale**2 + row * scale + column]
    return enlarged


def test_it_equals_a_walk_through_its_parameters() -> None:
    torch.manual_seed(0)
    network = SRVGGNetCompact(convolutions=3, features=8, scale=3).double()
    images = torch.rand(2, 3, 7, 5, dtype=torch.float64)
    expected = by_hand(images, network.state_dict(), 3)
    torch.testing.assert_close(network(images), expected, rtol=0, atol=1e-12)


def test_the_anime_video_network_has_621424_parameters() -> None:
    assert sum(parameter.numel() for parameter in SRVGGNetCompact().parameters()) == 621_424


def test_a_silent_body_gives_the_nearest_neighbour_enlargement() -> None:
    network = SRVGGNetCompact(convolutions=1, features=4, scale=2)
    for parameter in network.parameters():
        torch.nn.init.zeros_(parameter)
    image = torch.tensor([[0.0, 0.25], [0.5, 1.0]]).expand(1, 3, 2, 2)
    expected = torch.tensor([[0, 0, 0.25, 0.25], [0, 0, 0.25, 0.25], [0.5, 0.5, 1, 1], [0.5, 0.5, 1, 1]])
    torch.testing.assert_close(network(image), expected.expand(1, 3, 4, 4), rtol=0, atol=0)


def test_a_pixel_changes_its_surroundings_up_to_the_declared_radius_and_no_further() -> None:
    network = SRVGGNetCompact(convolutions=4, features=4, scale=2).double()
    for name, parameter in network.named_parameters():
        torch.nn.init.constant_(parameter, 0.0 if name.endswith("bias") else 1.0)
    images = torch.zeros(1, 3, 1, 41, dtype=torch.float64)
    images[..., 20] = 1
    columns = network(images).any(dim=1).any(dim=1)[0].nonzero()[:, 0] // 2
    assert network.receptive_radius == 6
    assert (columns.min().item(), columns.max().item()) == (14, 26)
