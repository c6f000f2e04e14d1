"""The compact generator is small, begins with the smoothed picture, and sees as far as it says."""

from copy import deepcopy

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from vidstyle.networks.compact_generator import CELL, SMOOTH_EPSILON, CompactGenerator, EdgeConv2d


def lively(channels: int = 4, blocks: int = 3, seed: int = 0) -> CompactGenerator:
    """Return an untrained generator that changes pictures, in evaluation mode."""
    torch.manual_seed(seed)
    network = CompactGenerator(channels, blocks)
    nn.init.normal_(network.leave.weight, 0, 0.2)
    return network.eval()


def noise(*shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(1)) * 2 - 1


def test_it_has_the_number_of_parameters_that_it_states() -> None:
    assert sum(parameter.numel() for parameter in CompactGenerator().parameters()) == 538_800
    assert CompactGenerator(32, 3).receptive_radius == 172


def smoothed(images: Tensor) -> Tensor:
    """Return images as the fast guided filter by its paper smooths them, with pooling and interpolation."""

    def window_mean(values: Tensor) -> Tensor:
        return functional.avg_pool2d(functional.pad(values, (1, 1, 1, 1), mode="replicate"), 3, 1)

    mean, squares = (window_mean(functional.avg_pool2d(part, 4)) for part in (images, images * images))
    slope = (squares - mean * mean) / (squares - mean * mean + SMOOTH_EPSILON)
    slopes, offsets = (
        functional.interpolate(window_mean(line), scale_factor=4, mode="bilinear")
        for line in (slope, mean * (1 - slope))
    )
    return slopes * images + offsets


def test_a_new_one_returns_the_smoothed_pictures() -> None:
    images = noise(2, 3, 32, 48)
    painted = CompactGenerator(4, 1).eval()(images)
    assert torch.allclose(painted, smoothed(images), atol=1e-5)


def test_edges_stay_where_surfaces_become_calm() -> None:
    images = noise(1, 3, 32, 64) * 0.05
    images[..., 32:] += 0.8
    painted = CompactGenerator(4, 1).eval()(images)
    assert painted[..., :20].std() < 0.3 * images[..., :20].std()
    assert (painted[..., 34] - painted[..., 29]).mean().item() > 0.6


def test_half_precision_gives_half_precision() -> None:
    network, images = lively(), noise(1, 3, 32, 48)
    painted = network.to(torch.bfloat16)(images.bfloat16())
    assert painted.dtype == torch.bfloat16


def test_it_paints_as_the_layers_written_one_after_the_other() -> None:
    network, images = lively(4, 1).double(), noise(1, 3, 32, 48).double()

    def conv(layer: EdgeConv2d, features: Tensor) -> Tensor:
        return functional.conv2d(functional.pad(features, (1, 1, 1, 1), mode="replicate"), layer.weight, layer.bias)

    def blocks(layers: nn.Sequential, features: Tensor) -> Tensor:
        for block in layers:
            features = features + conv(block.second, functional.leaky_relu(conv(block.first, features), 0.2))
        return features

    unshuffled = torch.stack([images[:, c, y::4, x::4] for c in range(3) for y in range(4) for x in range(4)], 1)
    quarter = blocks(network.quarter_down, functional.leaky_relu(conv(network.enter, unshuffled), 0.2))
    eighth = blocks(network.eighth_down, network.to_eighth(functional.pixel_unshuffle(quarter, 2)))
    sixteenth = blocks(network.sixteenth, network.to_sixteenth(functional.pixel_unshuffle(eighth, 2)))
    eighth = blocks(
        network.eighth_up, eighth + network.from_sixteenth(sixteenth).repeat_interleave(2, 2).repeat_interleave(2, 3)
    )
    quarter = blocks(
        network.quarter_up, quarter + network.from_eighth(eighth).repeat_interleave(2, 2).repeat_interleave(2, 3)
    )
    change = conv(network.leave, quarter)
    expected = smoothed(images)
    for channel in range(3):
        for y in range(4):
            for x in range(4):
                expected[:, channel, y::4, x::4] += change[:, 16 * channel + 4 * y + x]
    torch.testing.assert_close(network(images), expected.clamp(-1, 1), rtol=0, atol=1e-12)


def test_patch_features_have_the_widths_that_are_stated_and_come_with_the_painting() -> None:
    network, images = lively(4, 1), noise(2, 3, 32, 48)
    painted, features = network.paint_and_features(images)
    assert [feature.shape[1] for feature in features] == list(network.patch_channels)
    assert [tuple(feature.shape[2:]) for feature in features] == [(32, 48), (8, 12), (4, 6), (2, 3)]
    assert torch.equal(painted, network(images))
    assert all(torch.equal(*pair) for pair in zip(features, network.features(images), strict=True))


@pytest.mark.parametrize("size", [(16, 16), (32, 80)])
def test_pictures_keep_their_size_and_range(size: tuple[int, int]) -> None:
    network, images = lively(), noise(1, 3, *size)
    painted = network(images)
    assert painted.shape == images.shape
    assert painted.abs().max() <= 1 < network.train()(images).abs().max()


@pytest.mark.parametrize("blocks", [0, 1, 2])
def test_a_cell_sees_as_far_as_the_receptive_radius_and_no_farther(blocks: int) -> None:
    network = lively(1, blocks).double()
    cells = -(-network.receptive_radius // CELL)
    side, start = CELL * (2 * cells + 3), CELL * (cells + 1)
    images = (noise(1, 3, side, side) * 0.1).double().requires_grad_()
    network(images)[..., start : start + CELL, start : start + CELL].sum().backward()
    rows = images.grad.abs().sum((0, 1, 3)).nonzero()
    seen = start - int(rows.min()), int(rows.max()) - (start + CELL - 1)
    assert seen == (network.receptive_radius, network.receptive_radius)


def test_it_keeps_channels_last_and_the_number_format_under_autocast() -> None:
    network, images = lively().to(memory_format=torch.channels_last), noise(1, 3, 32, 32)
    images = images.contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        _, features = network.paint_and_features(images)
    assert [feature.dtype for feature in features[1:]] == [torch.bfloat16] * 3
    assert all(feature.is_contiguous(memory_format=torch.channels_last) for feature in features)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_cells_whose_pixels_lie_together_are_painted_the_same(layout: torch.memory_format) -> None:
    plain, images = lively(), noise(2, 3, 48, 80).to(memory_format=layout)
    together = deepcopy(plain)
    together.keep_pixels_together()
    together.keep_pixels_together()
    with torch.inference_mode():
        painted, features = together.paint_and_features(images)
        wanted, wanted_features = plain.paint_and_features(images)
    for one, other in zip([painted, *features], [wanted, *wanted_features], strict=True):
        assert torch.allclose(one, other, atol=1e-5)
    assert together.pixels_together and not plain.pixels_together
