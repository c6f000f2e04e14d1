"""Noise is measured beside what is drawn."""

import numpy as np
import pytest

from tests.blurs import scene
from vidstyle.analysis.light import noise_deviation


@pytest.mark.parametrize("deviation", [0.0, 1.0, 4.0])
def test_the_deviation_of_noise_is_found(deviation: float) -> None:
    grey = scene(1).mean(2).astype(np.float32)
    noisy = grey + deviation * np.random.default_rng(0).standard_normal(grey.shape).astype(np.float32)
    assert noise_deviation(noisy) == pytest.approx(deviation, rel=0.25, abs=0.05)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (2, 2)])
def test_a_picture_too_small_to_tell_has_no_noise(size: tuple[int, int]) -> None:
    assert noise_deviation(np.full(size, 7, np.float32)) == 0.0
