"""Resizing neither rings in flat areas nor aliases fine stripes."""

import pytest
import torch
from torch.nn import functional

from vidstyle.models.resize import padded_to_multiple, resize, resize_pixels
from vidstyle.pixels import to_floats, to_pixels


def test_resizing_keeps_flat_areas_flat_and_fine_stripes_grey() -> None:
    flat = torch.full((1, 3, 30, 50), 0.25)
    assert torch.allclose(resize(flat, (17, 11)), torch.full((1, 3, 11, 17), 0.25))
    stripes = (torch.arange(64) % 2).float().expand(1, 3, 64, 64)
    assert (resize(stripes, (16, 16))[..., 4:-4] - 0.5).abs().max() < 0.02
    assert resize(stripes, (64, 64)) is stripes or torch.equal(resize(stripes, (64, 64)), stripes)


@pytest.mark.parametrize("size", [(52, 36), (17, 40), (130, 90)])
def test_pixels_become_the_nearest_of_resized_images_or_one_beside_it(size: tuple[int, int]) -> None:
    coarse = torch.randint(40, 216, (2, 3, 15, 22)).float()
    pixels = functional.interpolate(coarse, (60, 88), mode="nearest").to(torch.uint8).permute(0, 2, 3, 1).contiguous()
    resized = resize_pixels(pixels, size)
    difference = resized.int() - to_pixels(resize(to_floats(pixels), size), sixteen_bit=False).int()
    assert resized.shape == (2, size[1], size[0], 3)
    assert difference.abs().max() <= 1
    assert difference.float().mean().abs() < 0.05


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_padding_repeats_the_last_row_and_column(layout: torch.memory_format) -> None:
    images = torch.rand(2, 3, 21, 35).to(memory_format=layout)
    padded = padded_to_multiple(images, 16)
    assert torch.equal(padded, functional.pad(images, (0, 13, 0, 11), mode="replicate"))
    assert padded.is_contiguous(memory_format=layout)
