"""Resizing neither rings in flat areas nor aliases fine stripes."""

import torch

from vidstyle.models.resize import resize


def test_resizing_keeps_flat_areas_flat_and_fine_stripes_grey() -> None:
    flat = torch.full((1, 3, 30, 50), 0.25)
    assert torch.allclose(resize(flat, (17, 11)), torch.full((1, 3, 11, 17), 0.25))
    stripes = (torch.arange(64) % 2).float().expand(1, 3, 64, 64)
    assert (resize(stripes, (16, 16))[..., 4:-4] - 0.5).abs().max() < 0.02
    assert resize(stripes, (64, 64)) is stripes or torch.equal(resize(stripes, (64, 64)), stripes)
