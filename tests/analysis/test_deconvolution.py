"""A slight blur is undone; what cannot be helped is left alone."""

import cv2
import numpy as np
import pytest

from tests.drawings import blurred, drawing
from vidstyle.analysis.deconvolution import NEIGHBOURHOOD_PIXELS, blur_sigma, deconvolve
from vidstyle.analysis.sharpness import picture_sharpness


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    return float(cv2.PSNR(one, other))


@pytest.mark.parametrize("sigma", [0.8, 1.2, 2.0])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_blurred_drawing_comes_closer_to_the_sharp_one(seed: int, sigma: float) -> None:
    sharp = drawing(seed, (320, 240))
    soft = blurred(sharp, sigma)
    restored = deconvolve(soft, blur_sigma(picture_sharpness(soft)))
    assert restored is not None
    assert psnr(restored, sharp) > psnr(soft, sharp) + 0.5
    assert picture_sharpness(restored) > 1.1 * picture_sharpness(soft)


@pytest.mark.parametrize("sigma", [1.0, 1.5, 2.0])
def test_the_blur_is_read_from_the_edges(sigma: float) -> None:
    edge = np.zeros((128, 128, 3), np.uint8)
    edge[:, 64:] = 220
    assert blur_sigma(picture_sharpness(blurred(edge, sigma))) == pytest.approx(sigma, rel=0.35)


def test_a_sharp_drawing_and_a_flat_one_are_left_alone() -> None:
    assert deconvolve(drawing(1), blur_sigma(picture_sharpness(drawing(1)))) is None
    assert blur_sigma(0.0) == 0.0


def test_no_pixel_leaves_the_range_of_its_neighbourhood() -> None:
    soft = blurred(drawing(2), 1.2)
    restored = deconvolve(soft, 1.2)
    assert restored is not None
    around = np.ones((NEIGHBOURHOOD_PIXELS, NEIGHBOURHOOD_PIXELS), np.uint8)
    luma, before = (cv2.cvtColor(one, cv2.COLOR_RGB2YCrCb)[..., 0].astype(int) for one in (restored, soft))
    assert (luma <= cv2.dilate(before.astype(np.uint8), around).astype(int) + 2).all()
    assert (luma >= cv2.erode(before.astype(np.uint8), around).astype(int) - 2).all()


def test_a_picture_that_would_ring_is_refused() -> None:
    stripes = np.zeros((96, 96, 3), np.uint8)
    stripes[:, ::8] = stripes[:, 1::8] = stripes[:, 2::8] = stripes[:, 3::8] = 200
    assert deconvolve(stripes, 2.0) is None
