"""The perceptual losses equal their equations, computed slowly."""

import pytest
import torch

from vidstyle.losses.perceptual import content_loss, gram_matrix, style_loss, total_variation


def test_a_gram_matrix_holds_the_products_of_all_pairs_of_channels() -> None:
    features = torch.randn(2, 3, 4, 5)
    found = gram_matrix(features)
    for image in range(2):
        for channel in range(3):
            for other in range(3):
                expected = (features[image, channel] * features[image, other]).sum() / (3 * 4 * 5)
                assert found[image, channel, other].item() == pytest.approx(expected.item(), abs=1e-6)


def test_style_does_not_care_where_things_are_and_content_does() -> None:
    features = torch.randn(1, 3, 4, 4)
    moved = features.flip(3)
    assert style_loss({"a": moved}, {"a": gram_matrix(features)}).item() == pytest.approx(0, abs=1e-10)
    assert content_loss(moved, features) > 0.1


def test_style_is_the_mean_squared_difference_summed_over_layers() -> None:
    layers = {"a": torch.randn(2, 3, 4, 4), "b": torch.randn(2, 5, 2, 2)}
    targets = {name: torch.randn(1, layer.shape[1], layer.shape[1]) for name, layer in layers.items()}
    expected = sum(((gram_matrix(layers[name]) - targets[name]) ** 2).mean().item() for name in layers)
    assert style_loss(layers, targets).item() == pytest.approx(expected, rel=1e-5)


def test_total_variation_counts_steps_between_neighbours() -> None:
    image = torch.zeros(1, 1, 3, 4)
    image[..., 2:] = 2.0
    assert total_variation(image).item() == pytest.approx(4 * 3 / 9)
    assert total_variation(torch.full((1, 3, 4, 4), 0.7)).item() == 0


def test_mixed_precision_around_it_does_not_round_the_matrix() -> None:
    features = torch.randn(1, 8, 16, 16)
    with torch.autocast("cpu", torch.bfloat16):
        inside = gram_matrix(features)
    assert torch.equal(inside, gram_matrix(features))
