"""Crops are drawn evenly from all pictures, at places that only the seed decides."""

import numpy as np
import torch

from vidstyle.analysis.crops import draw_crops, join_halves, scaled


def test_scaling_sets_the_short_side_and_keeps_the_shape() -> None:
    assert scaled(np.zeros((300, 400, 3), np.uint8), 192).shape == (1, 3, 192, 256)
    assert scaled(np.zeros((401, 100, 3), np.uint8), 48).shape == (1, 3, 192, 48)


def test_crops_come_in_turn_from_all_pictures_at_places_that_only_the_seed_decides() -> None:
    pictures = [torch.full((1, 3, 40, 50), float(value)) for value in range(3)]
    crops = draw_crops(pictures, 7, 32, seed=5)
    assert crops.shape == (7, 3, 32, 32)
    assert crops[:, 0, 0, 0].tolist() == [0, 1, 2, 0, 1, 2, 0]
    ramps = [torch.arange(50.0).expand(1, 3, 40, 50)]
    assert torch.equal(draw_crops(ramps, 4, 32, seed=5), draw_crops(ramps, 4, 32, seed=5))
    assert not torch.equal(draw_crops(ramps, 4, 32, seed=5), draw_crops(ramps, 4, 32, seed=6))


def test_a_goal_is_half_of_the_even_and_half_of_the_odd_pictures() -> None:
    even, odd = np.arange(4.0)[:, None], 10 + np.arange(4.0)[:, None]
    assert join_halves(even, odd)[:, 0].tolist() == [0, 1, 12, 13]
