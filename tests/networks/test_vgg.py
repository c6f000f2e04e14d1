"""VGG16's features are those of its definition, under torchvision's names."""

from pathlib import Path

import pytest
import torch
from torch.nn import functional

from vidstyle.models.weights import load_weights
from vidstyle.networks.vgg import VGG16Features

CONVOLUTIONS = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
"""Where torchvision's files number the convolutions; a pooling layer follows each gap of three."""


def by_hand(images: torch.Tensor, state: dict[str, torch.Tensor]) -> list[torch.Tensor]:
    """Return the rectified output of every convolution."""
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    features = ((images.movedim(1, 3) - mean.to(images)) / deviation.to(images)).movedim(3, 1)
    outputs: list[torch.Tensor] = []
    for position, number in enumerate(CONVOLUTIONS):
        if position and number - CONVOLUTIONS[position - 1] == 3:
            features = features.unfold(2, 2, 2).unfold(3, 2, 2).amax(dim=(4, 5))
        weight, bias = state[f"features.{number}.weight"], state[f"features.{number}.bias"]
        features = functional.conv2d(functional.pad(features, (1, 1, 1, 1)), weight, bias).clamp(min=0)
        outputs.append(features)
    return outputs


def test_the_parameters_carry_the_names_and_count_of_torchvisions_feature_layers() -> None:
    with torch.device("meta"):
        state = VGG16Features().state_dict()
    assert list(state) == [f"features.{number}.{part}" for number in CONVOLUTIONS for part in ("weight", "bias")]
    assert sum(values.numel() for values in state.values()) == 14_714_688


def test_every_tap_equals_a_walk_through_the_parameters() -> None:
    torch.manual_seed(0)
    network = VGG16Features()
    images = torch.rand(1, 3, 33, 47)
    taps = tuple(tap for tap in network.taps if tap.startswith("relu"))
    found = network(images, tuple(network.taps))
    assert taps[0] == "relu1_1" and taps[-1] == "relu5_3" and len(taps) == 13
    for tap, expected in zip(taps, by_hand(images, network.state_dict()), strict=True):
        torch.testing.assert_close(found[tap], expected, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(found[tap.replace("relu", "conv")].relu(), expected, rtol=1e-4, atol=1e-5)


def test_nothing_beyond_the_last_wanted_tap_is_computed() -> None:
    network = VGG16Features()
    network.features[7].register_forward_hook(lambda *_: pytest.fail("a layer ran that nobody asked for"))
    assert list(network(torch.rand(1, 3, 8, 8), ("relu2_1", "relu1_2"))) == ["relu1_2", "relu2_1"]


def test_an_unknown_tap_is_refused() -> None:
    with pytest.raises(KeyError, match="relu6_1"):
        VGG16Features()(torch.rand(1, 3, 8, 8), ("relu6_1",))


def test_the_real_weights_fit_and_tell_edges_from_flat_colour(real_weights: Path) -> None:
    network = VGG16Features()
    network.load_state_dict(load_weights("vgg16"), strict=True)
    flat, checks = torch.full((1, 3, 64, 64), 0.5), torch.zeros(1, 3, 64, 64)
    checks[..., ::8, :], checks[..., :, ::8] = 1, 1
    with torch.inference_mode():
        energy = [network(images)["relu5_3"].mean().item() for images in (flat, checks)]
    assert 0 < energy[0] < energy[1]
