"""The antialiased halving and doubling equal the filters of their definition."""

import pytest
import torch
from torch.nn import functional

from vidstyle.networks.layers import BlurDownsample, BlurUpsample


@pytest.mark.parametrize("size", [(8, 8), (7, 10), (3, 5)])
def test_halving_is_the_binomial_blur_at_every_second_value(size: tuple[int, int]) -> None:
    features = torch.randn(2, 3, *size, dtype=torch.float64)
    line = torch.tensor([1.0, 2.0, 1.0], dtype=torch.float64)
    kernel = (line[:, None] * line / 16).expand(3, 1, 3, 3)
    expected = functional.conv2d(functional.pad(features, (1, 1, 1, 1), mode="reflect"), kernel, stride=2, groups=3)
    assert torch.allclose(BlurDownsample()(features), expected, atol=1e-12)


@pytest.mark.parametrize("size", [(8, 8), (5, 6)])
def test_doubling_is_the_1331_blur_of_the_spread_out_values(size: tuple[int, int]) -> None:
    features = torch.randn(2, 3, *size, dtype=torch.float64)
    line = torch.tensor([1.0, 3.0, 3.0, 1.0], dtype=torch.float64) / 4
    kernel = (line[:, None] * line).expand(3, 1, 4, 4)
    padded = functional.pad(features, (1, 1, 1, 1), mode="replicate")
    spread = functional.conv_transpose2d(padded, kernel, stride=2, groups=3)
    expected = spread[:, :, 3:-3, 3:-3]
    assert torch.allclose(BlurUpsample()(features), expected, atol=1e-12)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("size", [(8, 10), (7, 9), (8, 5), (3, 4), (2, 2)])
def test_the_written_gradient_of_halving_is_that_of_the_convolution(
    size: tuple[int, int], layout: torch.memory_format
) -> None:
    features = torch.rand(2, 3, *size, dtype=torch.float64).contiguous(memory_format=layout).requires_grad_()
    kernel = torch.tensor([1.0, 2.0, 1.0], dtype=torch.float64)
    weight = (kernel[:, None] * kernel / 16).expand(3, 1, 3, 3)
    plain = functional.conv2d(functional.pad(features, (1, 1, 1, 1), mode="reflect"), weight, stride=2, groups=3)
    fast = BlurDownsample()(features)
    assert torch.allclose(fast, plain)
    upstream = torch.rand_like(plain)
    found, expected = (torch.autograd.grad(one, features, upstream)[0] for one in (fast, plain))
    assert torch.allclose(found, expected)
    assert torch.autograd.gradcheck(BlurDownsample(), features)
    assert torch.autograd.gradgradcheck(BlurDownsample(), features)
