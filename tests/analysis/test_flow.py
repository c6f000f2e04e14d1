"""Optical flow finds known motion, knows what was hidden, and moves pictures along it."""

import cv2
import numpy as np
import pytest

from vidstyle.analysis.flow import FLOWS, RENDERING, SCORING, FlowEstimator, Motion, grey_of, trust, warp


def texture(height: int = 96, width: int = 128, seed: int = 1) -> np.ndarray:
    """Return a smooth random pattern with detail of several sizes, (height, width, 3) uint8."""
    noise = np.random.default_rng(seed).uniform(0, 255, (height, width, 3)).astype(np.float32)
    mixed = sum(cv2.GaussianBlur(noise, (0, 0), sigma) * sigma for sigma in (1.5, 3, 6, 12))
    return cv2.normalize(mixed, None, 10, 245, cv2.NORM_MINMAX).astype(np.uint8)


def test_the_scorer_does_not_use_the_renderers_algorithm() -> None:
    assert RENDERING != SCORING and {RENDERING, SCORING} <= set(FLOWS)


@pytest.mark.parametrize("algorithm", FLOWS)
@pytest.mark.parametrize("shift", [(0, 0), (3, 0), (-2, 4)])
def test_a_known_shift_is_found(algorithm: str, shift: tuple[int, int]) -> None:
    wide = texture(120, 160)
    earlier = wide[12:-12, 16:-16]
    now = wide[12 - shift[1] : 108 - shift[1], 16 - shift[0] : 144 - shift[0]]
    motion = FlowEstimator(algorithm).motion(grey_of(now), grey_of(earlier))
    assert np.abs(motion.flow - np.array(shift) * -1).max(2)[16:-16, 16:-16].max() < 0.3
    assert motion.seen[16:-16, 16:-16].all()


@pytest.mark.parametrize("algorithm", FLOWS)
@pytest.mark.parametrize("size", [(16, 28), (32, 44), (33, 60), (36, 64), (96, 128)])
def test_what_was_measured_before_makes_no_difference(algorithm: str, size: tuple[int, int]) -> None:
    wide = grey_of(texture(size[0], size[1] + 12))
    pictures = [np.ascontiguousarray(wide[:, 3 * k : 3 * k + size[1]]) for k in range(4)]
    used = FlowEstimator(algorithm)
    for now, earlier in zip(pictures[1:], pictures, strict=False):
        flow = used.motion(now, earlier).flow
        assert np.array_equal(flow, FlowEstimator(algorithm).motion(now, earlier).flow)


def test_warping_fetches_pixels_from_where_the_flow_points() -> None:
    picture = texture()
    flow = np.full((96, 128, 2), (2, -1), np.float32)
    assert np.array_equal(warp(picture, flow)[1:, :-2], picture[:-1, 2:])
    assert np.array_equal(warp(picture, np.zeros_like(flow)), picture)


@pytest.mark.parametrize("algorithm", FLOWS)
def test_what_was_hidden_behind_a_moving_square_is_not_seen(algorithm: str) -> None:
    background, square = texture(), texture(40, 40, seed=2)
    earlier, now = background.copy(), background.copy()
    earlier[30:70, 40:80], now[30:70, 46:86] = square, square
    motion = FlowEstimator(algorithm).motion(grey_of(now), grey_of(earlier))
    assert motion.seen[32:68, 40:45].mean() < 0.6 and motion.seen[:15, :100].mean() > 0.95
    assert trust(now, earlier, motion)[32:68, 40:45].mean() < 0.2


def test_trust_is_whole_where_nothing_changes_and_gone_where_the_light_does() -> None:
    still = texture()
    lit = still.copy()
    lit[:, 64:] = np.clip(lit[:, 64:].astype(int) + 60, 0, 255)
    motion = Motion(np.zeros((96, 128, 2), np.float32), np.ones((96, 128), bool))
    sure = trust(lit, still, motion)
    assert sure[:, :60].min() == 1 and sure[:, 68:].max() < 0.01


def test_pixels_that_come_from_outside_the_picture_were_not_seen() -> None:
    wide = texture(96, 160)
    motion = FlowEstimator(RENDERING).motion(grey_of(wide[:, :128]), grey_of(wide[:, 8:136]))
    assert not motion.seen[10:-10, :4].any()
