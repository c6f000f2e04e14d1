"""Central moment discrepancy equals equation (10) of Kalischek et al., computed slowly."""

import math

import pytest
import torch

from vidstyle.losses.perceptual import ORDERS, central_moment_discrepancy, moment_loss, moments


def _slowly(first: torch.Tensor, second: torch.Tensor) -> float:
    """Return the distance of two maps (1, c, h, w) by loops over channels, moments and places."""
    total = 0.0
    for order in range(1, ORDERS + 1):
        squares = 0.0
        for channel in range(first.shape[1]):
            values = [
                [1 / (1 + math.exp(-v)) for v in features[0, channel].flatten().tolist()]
                for features in (first, second)
            ]
            means = [sum(side) / len(side) for side in values]
            if order > 1:
                means = [
                    sum((v - mean) ** order for v in side) / len(side) for side, mean in zip(values, means, strict=True)
                ]
            squares += (means[0] - means[1]) ** 2
        total += math.sqrt(squares)
    return total


def test_the_discrepancy_is_that_of_the_equation() -> None:
    first, second = torch.randn(1, 4, 5, 6) * 2, torch.randn(1, 4, 3, 7) + 1
    found = central_moment_discrepancy(first, moments(second)).item()
    assert found == pytest.approx(_slowly(first, second), rel=1e-4)


def test_moving_things_about_changes_nothing_and_can_be_learnt_from() -> None:
    features = torch.randn(1, 4, 6, 6, requires_grad=True)
    loss = central_moment_discrepancy(features, moments(features.detach().flip(2)))
    assert loss.item() == pytest.approx(0, abs=1e-5)
    central_moment_discrepancy(features, moments(features.detach())).backward()
    assert features.grad is not None and features.grad.isfinite().all()


def test_layers_weigh_by_the_square_of_their_width() -> None:
    narrow, wide = torch.randn(1, 2, 4, 4), torch.randn(1, 4, 4, 4)
    targets = {"narrow": moments(narrow + 1), "wide": moments(wide + 1)}
    parts = [central_moment_discrepancy(narrow, targets["narrow"]), central_moment_discrepancy(wide, targets["wide"])]
    expected = 1e3 * (parts[0] / 4 + parts[1] / 16)
    assert moment_loss({"narrow": narrow, "wide": wide}, targets).item() == pytest.approx(expected.item(), rel=1e-5)
