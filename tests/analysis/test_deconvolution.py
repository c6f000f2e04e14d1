"""A known blur is undone: nearer to the truth, in colour too, and without waves from the border."""

import cv2
import numpy as np
import pytest

from tests.blurs import blurred_by, disc_kernel, motion_kernel, scene
from tests.drawings import drawing
from vidstyle.analysis.blur import DEFOCUS, MOTION, SOFTNESS, Blur
from vidstyle.analysis.deconvolution import _filtered, _filters, deconvolve, deconvolve_plane


def gain(restored: np.ndarray, soft: np.ndarray, sharp: np.ndarray) -> float:
    return cv2.PSNR(restored, sharp) - cv2.PSNR(soft, sharp)


@pytest.mark.parametrize(
    ("kernel", "blur"),
    [
        (motion_kernel(9, 30), Blur(MOTION, 9.3, 30)),
        (motion_kernel(14, 90), Blur(MOTION, 14.3, 90)),
        (disc_kernel(3), Blur(DEFOCUS, 3)),
    ],
)
def test_a_blur_is_undone(kernel: np.ndarray, blur: Blur) -> None:
    for seed in (1, 2):
        soft, sharp = blurred_by(kernel, scene(seed), noise=1.0)
        assert gain(deconvolve(soft, blur), soft, sharp) > 4


def test_colours_come_back_with_the_lines() -> None:
    soft, sharp = blurred_by(motion_kernel(10, 0), scene(3))
    restored = deconvolve(soft, Blur(MOTION, 10.3))
    for channel in (1, 2):
        before, after, truth = (cv2.cvtColor(one, cv2.COLOR_RGB2YCrCb)[..., channel] for one in (soft, restored, sharp))
        assert cv2.PSNR(after, truth) > cv2.PSNR(before, truth) + 1


def test_the_border_comes_nearer_to_the_truth_too() -> None:
    kernel, blur = motion_kernel(12, 0), Blur(MOTION, 12.3)
    pairs = [(blurred_by(kernel, scene(seed))) for seed in range(3)]
    left = np.mean([np.square(deconvolve(soft, blur).astype(float) - sharp).mean((0, 2)) for soft, sharp in pairs], 0)
    before = np.mean([np.square(soft.astype(float) - sharp).mean((0, 2)) for soft, sharp in pairs], 0)
    border = np.r_[:12, -12:0]
    assert left[border].mean() < 0.5 * before[border].mean()


def test_more_noise_is_answered_with_more_smoothness() -> None:
    soft, sharp = blurred_by(disc_kernel(3), drawing(1, (300, 200)), noise=4.0)
    assert gain(deconvolve(soft, Blur(DEFOCUS, 3)), soft, sharp) > 2


def test_a_wrong_length_does_not_ring_either() -> None:
    soft, sharp = blurred_by(motion_kernel(8, 20), scene(1))
    assert gain(deconvolve(soft, Blur(MOTION, 10, 20)), soft, sharp) > -0.1


@pytest.mark.parametrize("size", [(64, 64), (97, 131)])
def test_any_size_goes_through(size: tuple[int, int]) -> None:
    picture = drawing(1, size[::-1])
    assert deconvolve(picture, Blur(SOFTNESS, 1.2)).shape == picture.shape


def test_packed_spectra_filter_as_whole_ones_do() -> None:
    plane = np.random.default_rng(0).random((48, 60)).astype(np.float32)
    blur = Blur(MOTION, 7, 25)
    response = blur.response(np.fft.rfftfreq(60)[None], np.fft.fftfreq(48)[:, None])
    plain = np.fft.irfft2(np.fft.rfft2(plane) * response, s=plane.shape)
    np.testing.assert_allclose(_filtered(cv2.dft(plane), _filters(blur, 48, 60)[0]), plain, atol=1e-5)


def test_a_flat_plane_stays_flat() -> None:
    flat = np.full((70, 80), 0.3, np.float32)
    np.testing.assert_allclose(deconvolve_plane(flat, Blur(MOTION, 9, 40), 3e-4), flat, atol=1e-3)
