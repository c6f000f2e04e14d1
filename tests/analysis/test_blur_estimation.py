"""Blur is found and measured where it lies over the whole picture; what is soft in part, or texture, is not taken for it."""

import cv2
import numpy as np
import pytest

from tests.blurs import blurred_by, disc_kernel, motion_kernel, scene
from tests.drawings import blurred, drawing
from vidstyle.analysis.blur import DEFOCUS, MOTION, SOFTNESS
from vidstyle.analysis.blur_estimation import estimate_blur


@pytest.mark.parametrize("noise", [0.0, 1.0])
@pytest.mark.parametrize(("length", "angle"), [(5, 20), (7, 90), (9, 0), (11, 135), (15, 64)])
def test_a_motion_is_found_to_a_pixel_of_its_length_and_of_its_ends(length: float, angle: float, noise: float) -> None:
    for seed in (1, 4):
        blur = estimate_blur(blurred_by(motion_kernel(length, angle), scene(seed), noise)[0])
        assert blur is not None and blur.kind == MOTION
        turned = np.deg2rad((blur.angle - angle + 90) % 180 - 90)
        assert abs(blur.size - length) < 0.8
        assert abs(turned) * length / 2 < 0.8


@pytest.mark.parametrize("radius", [2.0, 3.0, 4.0])
def test_a_lens_out_of_focus_is_found(radius: float) -> None:
    blur = estimate_blur(blurred_by(disc_kernel(radius), scene(3))[0])
    assert blur is not None and blur.kind == DEFOCUS
    assert blur.size == pytest.approx(radius, abs=0.3)


@pytest.mark.parametrize("sigma", [1.6, 2.4])
def test_an_even_softness_is_found_and_not_overstated(sigma: float) -> None:
    blur = estimate_blur(blurred(scene(2), sigma))
    assert blur is not None and blur.kind == SOFTNESS
    assert 0.6 * sigma < blur.size < 1.1 * sigma


@pytest.mark.parametrize("seed", range(8))
def test_a_sharp_drawing_is_not_blurred(seed: int) -> None:
    assert estimate_blur(drawing(seed, (400, 240))) is None
    assert estimate_blur(scene(seed)) is None


def grain(sharp: np.ndarray) -> np.ndarray:
    return np.clip(sharp + 8 * np.random.default_rng(0).standard_normal(sharp.shape), 0, 255).astype(np.uint8)


def screentone(sharp: np.ndarray) -> np.ndarray:
    down, across = np.mgrid[: sharp.shape[0], : sharp.shape[1]]
    return np.where(((across % 6 < 3) & (down % 6 < 3))[..., None], sharp * 0.6, sharp).astype(np.uint8)


def hatching(sharp: np.ndarray) -> np.ndarray:
    down, across = np.mgrid[: sharp.shape[0], : sharp.shape[1]]
    return np.where(((across + down) % 8 < 3)[..., None], sharp * 0.7, sharp).astype(np.uint8)


def small_text(sharp: np.ndarray) -> np.ndarray:
    written = sharp.copy()
    for row in range(12, sharp.shape[0], 14):
        cv2.putText(written, "the quick brown fox jumps over " * 3, (2, row), 0, 0.35, (20, 20, 20), 1, cv2.LINE_AA)
    return written


@pytest.mark.parametrize("dress", [grain, screentone, hatching, small_text])
def test_texture_is_not_taken_for_blur(dress) -> None:
    for seed in (1, 2, 3):
        assert estimate_blur(dress(scene(seed))) is None


@pytest.mark.parametrize("share", [0.3, 0.75])
def test_what_moves_before_a_sharp_background_is_not_the_whole_picture(share: float) -> None:
    for seed in (1, 2, 5):
        soft, sharp = blurred_by(motion_kernel(10, 15), scene(seed))
        soft[int(share * len(soft)) :] = sharp[int(share * len(soft)) :]
        assert estimate_blur(soft) is None


def test_a_sharp_subtitle_speaks_against_a_blur() -> None:
    soft, _ = blurred_by(motion_kernel(12, 20), scene(1))
    cv2.putText(soft, "It was a dark night", (20, 200), 0, 0.9, (255, 255, 255), 2, cv2.LINE_AA)
    cv2.putText(soft, "and the train was late", (20, 225), 0, 0.9, (255, 255, 255), 2, cv2.LINE_AA)
    assert estimate_blur(soft) is None


@pytest.mark.parametrize("picture", [np.zeros((80, 90, 3), np.uint8), np.full((200, 300, 3), 128, np.uint8)])
def test_an_empty_picture_has_no_blur(picture: np.ndarray) -> None:
    assert estimate_blur(picture) is None


def test_a_picture_smaller_than_what_is_measured_on_has_no_blur() -> None:
    assert estimate_blur(blurred(drawing(1, (90, 63)), 2.0)) is None
