"""What a blur does to frequencies is what it does to pictures."""

import numpy as np
import pytest

from tests.blurs import disc_kernel
from vidstyle.analysis.blur import DEFOCUS, MOTION, SOFTNESS, Blur


@pytest.mark.parametrize("blur", [Blur(MOTION, 9, 30), Blur(DEFOCUS, 4), Blur(SOFTNESS, 1.5)])
def test_brightness_is_kept(blur: Blur) -> None:
    assert float(blur.response(np.zeros(1), np.zeros(1))[0]) == pytest.approx(1)


@pytest.mark.parametrize(("angle", "x", "y"), [(0, 1, 0), (90, 0, 1), (45, np.sqrt(0.5), np.sqrt(0.5))])
def test_a_motion_wipes_out_the_wave_as_long_as_itself_and_leaves_the_one_across(
    angle: float, x: float, y: float
) -> None:
    blur = Blur(MOTION, 8, angle)
    assert float(blur.response(np.array(x / 8), np.array(y / 8))) == pytest.approx(0, abs=1e-6)
    assert float(blur.response(np.array(-y / 8), np.array(x / 8))) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("radius", [2.0, 3.3, 6.0])
def test_a_disc_answers_as_the_drawn_disc_does(radius: float) -> None:
    kernel = disc_kernel(radius)
    drawn = np.zeros((64, 64))
    drawn[: len(kernel), : len(kernel)] = kernel
    across, down = np.fft.rfftfreq(64)[None], np.fft.fftfreq(64)[:, None]
    low = np.hypot(across, down) < 0.25
    answer = Blur(DEFOCUS, radius).response(across, down)
    assert np.abs(np.abs(np.fft.rfft2(drawn)) - np.abs(answer))[low].max() < 0.05


def test_the_record_names_what_was_measured() -> None:
    assert Blur(MOTION, 8.123, 30.04).record() == {"kind": "motion", "length": 8.12, "angle": 30.0}
    assert Blur(DEFOCUS, 3.0).record() == {"kind": "defocus", "radius": 3.0}
    assert Blur(SOFTNESS, 1.25).record() == {"kind": "softness", "sigma": 1.25}
