"""The shared layers equal the filters of their definition, and padding keeps the number format that it is given."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from vidstyle.networks.layers import BlurDownsample, BlurUpsample, ReflectionPad, blur, reflection_pad


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_mixed_precision_leaves_the_number_format_of_what_is_padded(dtype: torch.dtype) -> None:
    features = torch.rand(2, 3, 6, 8).to(dtype)
    expected = nn.ReflectionPad2d(2)(features)
    with torch.autocast("cpu", torch.bfloat16):
        padded = ReflectionPad(2)(features)
    assert padded.dtype == dtype
    assert torch.equal(padded, expected)


def test_margins_are_left_right_top_bottom() -> None:
    assert reflection_pad(torch.rand(1, 1, 10, 20), (1, 2, 3, 4)).shape == (1, 1, 17, 23)


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
    found, expected = (torch.autograd.grad(result, features, upstream)[0] for result in (fast, plain))
    assert torch.allclose(found, expected)
    assert torch.autograd.gradcheck(BlurDownsample(), features)
    assert torch.autograd.gradgradcheck(BlurDownsample(), features)


def test_the_blur_is_the_1331_filter() -> None:
    features = torch.randn(2, 3, 7, 9, dtype=torch.float64)
    line = torch.tensor([1.0, 3.0, 3.0, 1.0], dtype=torch.float64) / 8
    kernel = (line[:, None] * line).expand(3, 1, 4, 4)
    assert torch.allclose(blur(features), functional.conv2d(features, kernel, groups=3), atol=1e-12)
