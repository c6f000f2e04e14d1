"""Sharpness follows blur, and nothing but blur."""

import cv2
import numpy as np
import pytest

from tests.drawings import blurred, drawing
from vidstyle.analysis.sharpness import Edges, picture_sharpness, sharpness


@pytest.mark.parametrize("seed", range(4))
def test_more_blur_is_less_sharp(seed: int) -> None:
    picture = drawing(seed, (320, 240))
    measured = [picture_sharpness(blurred(picture, sigma)) for sigma in (0, 0.7, 1.2, 2.0, 3.5)]
    assert measured == sorted(measured, reverse=True)
    assert measured[0] > 1.6 * measured[2]


@pytest.mark.parametrize("contrast", [0.4, 0.7])
def test_contrast_does_not_count(contrast: float) -> None:
    picture = drawing(1, (320, 240))
    pale = np.rint(128 + (picture.astype(float) - 128) * contrast).astype(np.uint8)
    assert picture_sharpness(pale) == pytest.approx(picture_sharpness(picture), rel=0.1)


def test_noise_does_not_make_a_soft_picture_sharp() -> None:
    picture = drawing(2, (320, 240))
    noise = np.random.default_rng(0).normal(0, 6, picture.shape)
    soft_and_noisy = np.clip(blurred(picture, 2.0) + noise, 0, 255).astype(np.uint8)
    assert picture_sharpness(soft_and_noisy) < 0.75 * picture_sharpness(picture)
    plain = [
        cv2.Laplacian(cv2.cvtColor(one, cv2.COLOR_RGB2GRAY), cv2.CV_32F).var() for one in (soft_and_noisy, picture)
    ]
    assert plain[0] > 0.2 * plain[1], "the noise is strong enough to fool a plain measure"


@pytest.mark.parametrize("pixels", [1, 2, 4, 8])
def test_an_edge_of_n_pixels_measures_about_one_nth(pixels: int) -> None:
    ramp = np.clip((np.arange(64) - 28) / pixels, 0, 1) * 200 + 20
    grey = np.tile(ramp, (64, 1)).astype(np.uint8)
    assert sharpness(grey) == pytest.approx(1 / pixels, rel=0.4)


@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_flat_picture_has_no_sharpness(value: int) -> None:
    assert sharpness(np.full((60, 80), value, np.uint8)) == 0.0


def _kernels() -> dict[str, np.ndarray]:
    """Return blurs of known shape: out of focus, moved straight and aslant, and Gaussian."""
    disk = cv2.circle(np.zeros((7, 7), np.float32), (3, 3), 2, 1.0, -1)
    aslant = cv2.line(np.zeros((11, 11), np.float32), (1, 2), (9, 8), 1.0, 1, cv2.LINE_AA)
    gaussian = cv2.getGaussianKernel(9, 1.0)
    kernels = {"focus": disk, "moved": np.ones((1, 5), np.float32), "aslant": aslant, "gaussian": gaussian @ gaussian.T}
    return {name: kernel / kernel.sum() for name, kernel in kernels.items()}


LIGHTS = {"day": (1.0, 0), "haze": (0.3, 120), "night": (0.15, 8)}


@pytest.mark.parametrize("light", LIGHTS)
@pytest.mark.parametrize("grain", [0, 2, 4])
def test_of_a_sharp_and_a_blurred_copy_the_sharp_one_is_told_in_any_light_and_grain(light: str, grain: int) -> None:
    draw = np.random.default_rng(0)
    contrast, floor = LIGHTS[light]
    grain = min(grain, 3) if light == "night" else grain

    def seen(grey: np.ndarray) -> np.ndarray:
        lit = floor + contrast * grey.astype(np.float32)
        return np.clip(np.rint(lit + draw.normal(0, grain, grey.shape)), 0, 255).astype(np.uint8)

    scenes = [cv2.cvtColor(drawing(seed, (240, 180)), cv2.COLOR_RGB2GRAY) for seed in range(25)]
    pairs = [(scene, cv2.filter2D(scene, -1, kernel)) for scene in scenes for kernel in _kernels().values()]
    right = [sharpness(seen(sharp)) > sharpness(seen(soft)) for sharp, soft in pairs]
    assert np.mean(right) >= 0.98, f"{sum(right)} of {len(right)}"


def test_a_sharp_picture_in_haze_and_grain_is_sharper_than_a_blurred_clear_one() -> None:
    draw = np.random.default_rng(0)
    for seed in range(10):
        clear = drawing(seed, (240, 180)).astype(np.float32)
        hazy = np.clip(120 + 0.3 * clear + draw.normal(0, 3, clear.shape), 0, 255).astype(np.uint8)
        assert picture_sharpness(hazy) > picture_sharpness(blurred(drawing(seed, (240, 180)), 1.2))


def test_strength_falls_with_blur_and_with_haze() -> None:
    picture = cv2.cvtColor(drawing(1, (320, 240)), cv2.COLOR_RGB2GRAY)
    hazy = np.rint(120 + 0.4 * picture.astype(float)).astype(np.uint8)
    whole = Edges.of(picture).strength
    for weaker in (cv2.GaussianBlur(picture, (0, 0), 1.5), hazy):
        assert Edges.of(weaker).strength < 0.9 * whole
    assert Edges.of(np.full((60, 80), 90, np.uint8)) == Edges(0.0, 0.0)
