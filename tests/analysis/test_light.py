"""A picture that shows nothing is told from one that does, and noise from what is drawn."""

import numpy as np
import pytest

from tests.blurs import scene
from tests.drawings import drawing
from vidstyle.analysis.light import Light, noise_deviation


@pytest.mark.parametrize(
    ("value", "kind"), [(0, "black"), (16, "black"), (128, "flat"), (235, "white"), (255, "white")]
)
def test_one_tone_is_blank(value: int, kind: str) -> None:
    noise = np.random.default_rng(0).normal(0, 2, (90, 120))
    assert Light.of(np.clip(value + noise, 0, 255).astype(np.uint8)).blank == kind


def test_a_drawing_and_a_starry_night_are_not_blank() -> None:
    assert Light.of(drawing(1)[..., 0]).blank == ""
    night = np.full((90, 120), 12, np.uint8)
    night[::9, ::9] = night[1::9, ::9] = 250
    assert Light.of(night).blank == ""
    assert all(Light.of(8 + drawing(seed)[..., 0] // 5).blank == "" for seed in range(9))


@pytest.mark.parametrize("deviation", [0.0, 1.0, 4.0])
def test_the_deviation_of_noise_is_found(deviation: float) -> None:
    grey = scene(1).mean(2).astype(np.float32)
    noisy = grey + deviation * np.random.default_rng(0).standard_normal(grey.shape).astype(np.float32)
    assert noise_deviation(noisy) == pytest.approx(deviation, rel=0.25, abs=0.05)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (2, 2)])
def test_a_picture_too_small_to_tell_has_no_noise(size: tuple[int, int]) -> None:
    assert noise_deviation(np.full(size, 7, np.float32)) == 0.0
