"""Damage is told from restoration, and the place where two versions of a picture differ most is found."""

import cv2
import numpy as np
import pytest

from tests.blurs import blurred_by, disc_kernel, motion_kernel, scene
from tests.drawings import drawing
from vidstyle.analysis.blur import DEFOCUS, MOTION, Blur
from vidstyle.analysis.damage import LOSES_DETAIL, RINGS, SHIFTS, damage, most_changed, ringing, shift
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


@pytest.mark.parametrize(("top", "left"), [(0, 0), (40, 90), (100, 140)])
def test_the_crop_holds_what_changed(top: int, left: int) -> None:
    before = drawing(1)
    after = before.copy()
    after[top : top + 20, left : left + 20] = 255 - after[top : top + 20, left : left + 20]
    rows, columns = most_changed(before, after, 60, 40)
    assert (rows.stop - rows.start, columns.stop - columns.start) == (40, 60)
    assert rows.start <= top and rows.stop >= min(top + 20, 120) and rows.start >= 0 and rows.stop <= 120
    assert columns.start <= left and columns.stop >= min(left + 20, 160) and columns.start >= 0 and columns.stop <= 160


def test_a_picture_smaller_than_the_crop_is_taken_whole() -> None:
    assert most_changed(drawing(1, (48, 36)), drawing(2, (48, 36)), 60, 40) == (slice(0, 36), slice(0, 48))
    assert most_changed(np.zeros((9, 9, 3), np.uint8), np.zeros((9, 9, 3), np.uint8), 4, 3) == (
        slice(0, 3),
        slice(0, 4),
    )
