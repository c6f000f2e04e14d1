"""Pixels become floats and come back as they were; floats between them are rounded and clipped."""

import numpy as np
import pytest
import torch

from vidstyle.pixels import as_tensor, to_device, to_floats, to_host

CPU = torch.device("cpu")


def test_numbers_survive_the_way_to_the_device_and_back() -> None:
    bytes_in = np.arange(256, dtype=np.uint8).repeat(3).reshape(1, 16, 16, 3)
    words_in = np.arange(65536, dtype=np.uint16).repeat(3).reshape(1, 256, 256, 3)
    assert np.array_equal(to_host(to_device(bytes_in, CPU), sixteen_bit=False), bytes_in)
    assert np.array_equal(to_host(to_device(words_in, CPU), sixteen_bit=True), words_in)
    moved = to_device(words_in, CPU)
    assert (moved.min(), moved.max(), moved.shape) == (0, 1, (1, 3, 256, 256))


def test_what_is_out_of_range_is_clipped_and_not_wrapped() -> None:
    images = torch.tensor([-0.5, 1.5, 0.5]).view(1, 3, 1, 1)
    assert to_host(images, sixteen_bit=False).ravel().tolist() == [0, 255, 128]
    assert to_host(images, sixteen_bit=True).ravel().tolist() == [0, 65535, 32768]


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_pixels_that_stay_as_they_lie_are_the_same_floats(kind: type) -> None:
    pixels = as_tensor(np.random.default_rng(0).integers(0, np.iinfo(kind).max, (2, 5, 7, 3), kind))
    lying = to_floats(pixels, channels_last=True)
    assert torch.equal(lying, to_floats(pixels))
    assert lying.is_contiguous(memory_format=torch.channels_last)
