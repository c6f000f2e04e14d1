"""Pixels become the numbers that generators take and come back, by the one conversion, without a change to any of them."""

import numpy as np
import torch

from vidstyle.pixels import to_device, to_planes, to_signed_floats
from vidstyle.train.samples import to_picture

EVERY_VALUE = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)


def test_every_value_of_a_pixel_comes_back() -> None:
    assert np.array_equal(to_picture(to_signed_floats(to_planes(EVERY_VALUE))[0]), EVERY_VALUE)


def test_floats_around_zero_are_those_around_a_half_to_the_bit() -> None:
    halves = to_device(EVERY_VALUE[None], torch.device("cpu"))
    signed = to_signed_floats(to_planes(EVERY_VALUE))
    assert torch.equal(signed, halves * 2 - 1)
    assert signed.is_contiguous(memory_format=torch.channels_last)


def test_pictures_are_rounded_as_they_always_were() -> None:
    image = torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2.4 - 1.2
    rounded = ((image + 1) * 127.5).round().clamp(0, 255).byte().permute(1, 2, 0).numpy()
    assert np.array_equal(to_picture(image), rounded)
