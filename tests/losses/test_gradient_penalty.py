"""R1 is the squared slope of the discriminator at real images, and can be learnt from."""

import pytest
import torch

from vidstyle.losses.gan import r1_penalty


def test_for_a_linear_discriminator_it_is_the_squared_length_of_its_weights() -> None:
    weights = torch.randn(3, 4, 4, requires_grad=True)
    images = torch.randn(2, 3, 4, 4, requires_grad=True)
    penalty = r1_penalty((images * weights).sum((1, 2, 3)), images)
    assert penalty.item() == pytest.approx(weights.square().sum().item(), rel=1e-5)
    penalty.backward()
    assert torch.allclose(weights.grad, 2 * weights.detach(), atol=1e-5)
