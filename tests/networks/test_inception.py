"""The Inception network is the one that FID is defined on, under the names of its official file."""

import copy
from typing import Any

import pytest
import torch
from torch.nn import functional

from tests.outside import outside
from vidstyle.networks.inception import InceptionV3


@pytest.fixture(scope="module")
def network() -> InceptionV3:
    """The network with random weights under which features of different images differ."""
    return randomised(InceptionV3())


def randomised(network: InceptionV3) -> InceptionV3:
    """Fill a network with random weights and statistics that keep the size of activations."""
    generator = torch.Generator().manual_seed(0)
    for name, values in network.state_dict().items():
        if name.endswith("conv.weight"):
            fan = values[0].numel()
            values.copy_(torch.randn(values.shape, generator=generator) * (2 / fan) ** 0.5)
        elif values.is_floating_point():
            values.copy_(torch.rand(values.shape, generator=generator) * 0.4 + (0.8 if "var" in name else 0.0))
    for name, values in network.state_dict().items():
        if name.endswith("bn.weight"):
            values.add_(0.8)
    return network.eval()


def torchvisions(state: dict[str, torch.Tensor], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return torchvision's Inception v3 with these weights, its pooling turned into that of the graph of 2015-12-05."""
    inception = outside("torchvision.models.inception")
    model = inception.Inception3(num_classes=1008, aux_logits=False, transform_input=False, init_weights=False)
    missing = model.load_state_dict(state, strict=False)
    assert missing.missing_keys == ["fc.weight", "fc.bias"] and missing.unexpected_keys == []
    model.fc = torch.nn.Identity()

    def average(images: torch.Tensor, **options: Any) -> torch.Tensor:
        return functional.avg_pool2d(images, **options, count_include_pad=False)

    def maximum(module: Any, inputs: tuple[torch.Tensor]) -> None:
        monkeypatch.setattr(inception.F, "avg_pool2d", functional.max_pool2d)

    mine = type("Functional", (), {name: staticmethod(getattr(functional, name)) for name in ("relu", "max_pool2d")})
    mine.avg_pool2d = staticmethod(average)
    monkeypatch.setattr(inception, "F", mine)
    model.Mixed_7c.register_forward_pre_hook(maximum)
    return model.eval()


def test_features_equal_those_of_torchvisions_layers(network: InceptionV3, monkeypatch: pytest.MonkeyPatch) -> None:
    images = torch.rand(2, 3, 299, 299, generator=torch.Generator().manual_seed(1)) * 2 - 1
    with torch.inference_mode():
        ours, theirs = network(images), torchvisions(network.state_dict(), monkeypatch)(images)
    assert ours.shape == (2, 2048)
    assert (ours[0] - ours[1]).abs().max() > 0.01
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def test_folding_the_normalisation_keeps_the_features(network: InceptionV3) -> None:
    images = torch.rand(1, 3, 299, 299, generator=torch.Generator().manual_seed(2)) * 2 - 1
    folded = copy.deepcopy(network)
    folded.fold()
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in folded.modules())
    with torch.inference_mode():
        torch.testing.assert_close(folded(images), network(images), rtol=1e-4, atol=1e-5)
