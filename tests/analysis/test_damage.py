"""What spoils a picture is told from what restores it."""

import cv2
import numpy as np
import pytest

from tests.blurs import blurred_by, disc_kernel, motion_kernel, scene
from vidstyle.analysis.blur import DEFOCUS, MOTION, Blur
from vidstyle.analysis.damage import LOSES_DETAIL, RINGS, SHIFTS, damage, ringing, shift
from vidstyle.analysis.deconvolution import deconvolve_plane


def greys(kernel: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    soft, sharp = (cv2.cvtColor(one, cv2.COLOR_RGB2GRAY).astype(np.float32) for one in blurred_by(kernel, scene(seed)))
    return soft, sharp


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_truth_and_the_picture_itself_have_no_damage(seed: int) -> None:
    soft, sharp = greys(disc_kernel(2), seed)
    assert damage(soft, sharp, Blur(DEFOCUS, 2)) == ""
    assert damage(soft, sharp, None) == ""
    assert damage(soft, soft, None) == ""


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_motion_undone_too_far_rings(seed: int) -> None:
    soft, _ = greys(motion_kernel(8, 20), seed)
    wrong = Blur(MOTION, 10.5, 20)
    waves = 255 * deconvolve_plane(soft / 255, wrong, 3e-4)
    assert damage(soft, waves, wrong) == RINGS
    assert ringing(soft, 255 * deconvolve_plane(soft / 255, Blur(MOTION, 8.3, 20), 1e-3), wrong) <= 1


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_unsharp_mask_draws_halos(seed: int) -> None:
    soft, _ = greys(disc_kernel(3), seed)
    halos = np.clip(soft + 2 * (soft - cv2.GaussianBlur(soft, (0, 0), 3)), 0, 255)
    assert damage(soft, halos, None) == RINGS


@pytest.mark.parametrize("moved", [(1, 0), (0, -1), (2, 1)])
def test_a_picture_that_moved_is_told(moved: tuple[int, int]) -> None:
    soft, sharp = greys(disc_kernel(2), 2)
    rolled = np.roll(sharp, moved, (1, 0))
    assert shift(soft, rolled, 2) == pytest.approx(moved, abs=0.3)
    assert damage(soft, rolled, Blur(DEFOCUS, 2)) == SHIFTS


def test_writing_that_is_gone_is_told() -> None:
    picture = scene(1)
    cv2.putText(picture, "small print, but there", (20, 120), 0, 0.5, (20, 20, 20), 1, cv2.LINE_AA)
    soft = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (0, 0), 1.0).astype(np.float32)
    wiped = soft.copy()
    wiped[105:130, 15:220] = cv2.medianBlur(soft[105:130, 15:220].astype(np.uint8), 21)
    assert damage(soft, wiped, None) == LOSES_DETAIL
