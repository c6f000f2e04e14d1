"""The losses of a GAN: adversarial losses reward the wanted answer, R1 is the slope at real images."""

import math

import pytest
import torch

from vidstyle.losses.gan import adversarial_loss, r1_penalty


def test_least_squares_is_the_mean_squared_distance_from_the_verdict() -> None:
    scores = torch.tensor([[0.5, 2.0]])
    assert adversarial_loss(scores, True, "lsgan").item() == pytest.approx((0.25 + 1.0) / 2)
    assert adversarial_loss(scores, False, "lsgan").item() == pytest.approx((0.25 + 4.0) / 2)


def test_vanilla_is_the_cross_entropy_of_equation_2() -> None:
    score = torch.tensor([1.5])
    real = 1 / (1 + math.exp(-1.5))
    assert adversarial_loss(score, True, "vanilla").item() == pytest.approx(-math.log(real), rel=1e-5)
    assert adversarial_loss(score, False, "vanilla").item() == pytest.approx(-math.log(1 - real), rel=1e-5)


def test_for_a_linear_discriminator_it_is_the_squared_length_of_its_weights() -> None:
    weights = torch.randn(3, 4, 4, requires_grad=True)
    images = torch.randn(2, 3, 4, 4, requires_grad=True)
    penalty = r1_penalty((images * weights).sum((1, 2, 3)), images)
    assert penalty.item() == pytest.approx(weights.square().sum().item(), rel=1e-5)
    penalty.backward()
    assert torch.allclose(weights.grad, 2 * weights.detach(), atol=1e-5)


@pytest.mark.parametrize(("real", "target"), [(True, 0.9), (False, 0.1)])
def test_smoothed_labels_are_the_scores_without_a_loss(real: bool, target: float) -> None:
    assert adversarial_loss(torch.full((2, 2), target), real, "lsgan", label_smoothing=0.1).item() == pytest.approx(0)
