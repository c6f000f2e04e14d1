"""Resizing neither rings in flat areas nor aliases fine stripes."""

import pytest
import torch
from torch.nn import functional

from vidstyle.models.resize import padded_to_multiple, resize


def test_resizing_keeps_flat_areas_flat_and_fine_stripes_grey() -> None:
    flat = torch.full((1, 3, 30, 50), 0.25)
    assert torch.allclose(resize(flat, (17, 11)), torch.full((1, 3, 11, 17), 0.25))
    stripes = (torch.arange(64) % 2).float().expand(1, 3, 64, 64)
    assert (resize(stripes, (16, 16))[..., 4:-4] - 0.5).abs().max() < 0.02
    assert resize(stripes, (64, 64)) is stripes or torch.equal(resize(stripes, (64, 64)), stripes)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_padding_repeats_the_last_row_and_column(layout: torch.memory_format) -> None:
    images = torch.rand(2, 3, 21, 35).to(memory_format=layout)
    padded = padded_to_multiple(images, 16)
    assert torch.equal(padded, functional.pad(images, (0, 13, 0, 11), mode="replicate"))
    assert padded.is_contiguous(memory_format=layout)
