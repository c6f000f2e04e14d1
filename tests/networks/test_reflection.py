"""Padding by reflection equals PyTorch's, in the number format that it is given."""

import pytest
import torch
from torch import nn

from vidstyle.networks.layers import ReflectionPad, reflected


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_mixed_precision_leaves_the_number_format_of_what_is_padded(dtype: torch.dtype) -> None:
    features = torch.rand(2, 3, 6, 8).to(dtype)
    expected = nn.ReflectionPad2d(2)(features)
    with torch.autocast("cpu", torch.bfloat16):
        padded = ReflectionPad(2)(features)
    assert padded.dtype == dtype
    assert torch.equal(padded, expected)


def test_margins_are_left_right_top_bottom() -> None:
    assert reflected(torch.rand(1, 1, 10, 20), (1, 2, 3, 4)).shape == (1, 1, 17, 23)
