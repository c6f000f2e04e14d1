"""Pixels become floats and come back as they were; floats between them are rounded and clipped."""

import numpy as np
import torch

from vidstyle.pixels import to_device, to_host

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
