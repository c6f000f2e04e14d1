"""Sharpness follows blur, and nothing but blur."""

import cv2
import numpy as np
import pytest

from tests.drawings import blurred, drawing
from vidstyle.analysis.sharpness import measuring_copy, picture_sharpness, sharpness


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


def test_the_measuring_copy_is_grey_small_and_never_enlarged() -> None:
    assert measuring_copy(drawing(0, (1280, 720))).shape == (360, 640)
    assert measuring_copy(drawing(0, (90, 160))).shape == (160, 90)
