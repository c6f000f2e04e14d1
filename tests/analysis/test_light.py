"""Pictures that show nothing are told by kind."""

import numpy as np
import pytest

from tests.drawings import drawing
from vidstyle.analysis.light import Light


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
