"""A flattened photo is calm, keeps its edges and its colours, and has lines where a hand would draw them."""

import math

import cv2
import numpy as np
import pytest

from tests.drawings import drawing
from vidstyle.analysis.flatten import clear_colours, flatten, ink_lines, l0_smoothing, step_price
from vidstyle.analysis.picture_measures import chroma_shift, edges, flat_share, plain_areas


def photo(seed: int = 0, size: tuple[int, int] = (160, 120)) -> np.ndarray:
    """Return a drawing with soft light and grain, as a camera sees."""
    picture = cv2.GaussianBlur(drawing(seed, size), (0, 0), 1)
    light = np.linspace(0.8, 1.1, size[0])[None, :, None]
    grain = np.random.default_rng(seed).normal(0, 4, picture.shape)
    return np.clip(np.rint(picture * light + grain), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("seed", range(3))
def test_it_is_calm_and_flat_and_keeps_edges_and_colours(seed: int) -> None:
    before = photo(seed)
    after = flatten(before)
    assert after.shape == before.shape and after.dtype == np.uint8
    assert plain_areas(before, after) < 0.95
    assert flat_share(after) > 1.3 * flat_share(before)
    assert edges(before, after) > 0.85
    assert chroma_shift(before, after) < 12


def test_the_same_photo_is_flattened_the_same() -> None:
    assert np.array_equal(flatten(photo()), flatten(photo()))


@pytest.mark.parametrize("size", [(1, 1), (17, 40), (200, 3)])
def test_any_size_can_be_flattened(size: tuple[int, int]) -> None:
    assert flatten(np.full((size[1], size[0], 3), 90, np.uint8)).shape == (size[1], size[0], 3)


def test_shapes_of_one_colour_replace_soft_light_and_grain() -> None:
    columns = np.linspace(0.3, 0.35, 41, dtype=np.float32)
    columns[20:] += 0.4
    picture = np.repeat(np.broadcast_to(columns, (31, 41))[..., None], 3, 2)
    picture = picture + np.random.default_rng(0).normal(0, 0.01, picture.shape).astype(np.float32)
    flat = l0_smoothing(picture)
    assert flat.shape == picture.shape and flat.dtype == np.float32
    assert np.ptp(flat[:, :20]) < 0.01 and np.ptp(flat[:, 20:]) < 0.01
    assert flat[:, 20:].mean() - flat[:, :20].mean() == pytest.approx(0.425, abs=0.025)


def test_smoothing_is_the_alternation_of_the_paper_solved_with_plain_matrices() -> None:
    picture = np.random.default_rng(1).random((6, 8, 3)).astype(np.float32) * 0.4
    assert np.abs(l0_smoothing(picture) - slow_l0_smoothing(picture)).max() < 1e-3


def test_a_step_costs_less_where_there_is_little_contrast() -> None:
    checks = np.indices((120, 120)).sum(0)[..., None] // 4 % 2 * np.ones(3)
    for contrast, price in ((0.01, 0.006), (0.06, 0.03 * 0.5625), (0.2, 0.03)):
        prices = step_price((0.5 + contrast * (checks * 2 - 1)).astype(np.float32))
        assert prices.shape == (120, 120, 1)
        assert prices[40:80, 40:80] == pytest.approx(price, rel=0.05), contrast


def test_pale_clouds_and_far_mountains_stay() -> None:
    sky = np.full((120, 200, 3), (0.62, 0.72, 0.84), np.float32)
    cv2.ellipse(sky, (100, 50), (60, 16), 0, 0, 360, (0.74, 0.80, 0.88), cv2.FILLED)
    flat = l0_smoothing(cv2.GaussianBlur(sky, (0, 0), 2))
    assert flat[50, 100, 0] - flat[110, 100, 0] > 0.35 * 0.12


def slow_l0_smoothing(picture: np.ndarray) -> np.ndarray:
    """Return Algorithm 1 of Xu et al. (2011) with one row of a matrix for each difference of neighbours."""
    height, width, _ = picture.shape
    places = np.arange(height * width).reshape(height, width)
    below = [(places[y, x], places[y + 1, x]) for y in range(height - 1) for x in range(width)]
    right = [(places[y, x], places[y, x + 1]) for y in range(height) for x in range(width - 1)]
    differences = np.zeros((len(below) + len(right), height * width))
    for row, (here, there) in enumerate(below + right):
        differences[row, [here, there]] = -1, 1
    owner = np.array([here for here, _ in below + right])
    given = picture.reshape(-1, 3).astype(float)
    price = step_price(picture).reshape(-1)
    flat, coupling = given, 20 * 0.03
    while coupling < 1e4:
        steps = differences @ flat
        sizes = np.bincount(owner, (steps**2).sum(1), height * width)
        steps[sizes[owner] < price[owner] / coupling] = 0
        equation = np.eye(height * width) + coupling * differences.T @ differences
        flat = np.linalg.solve(equation, given + coupling * differences.T @ steps)
        coupling *= 2
    return np.clip(flat, 0, 1).reshape(picture.shape)


def colour_of(rgb: tuple[int, int, int]) -> tuple[float, float]:
    """Return the chroma of one colour before and after."""
    patch = np.full((2, 2, 3), rgb, np.float32) / 255
    before, after = (cv2.cvtColor(image, cv2.COLOR_RGB2LAB)[0, 0, 1:] for image in (patch, clear_colours(patch)))
    return float(np.hypot(*before)), float(np.hypot(*after))


def test_colours_become_clearer_but_neither_grey_nor_vivid_nor_skin() -> None:
    before, after = colour_of((120, 150, 110))
    assert 1.3 * before < after <= 1.51 * before
    for calm in ((128, 128, 128), (132, 128, 126), (255, 30, 0)):
        before, after = colour_of(calm)
        assert after == pytest.approx(before, rel=0.05, abs=0.2), calm
    for skin in ((224, 172, 140), (141, 85, 60)):
        before, after = colour_of(skin)
        assert after < 1.27 * before, skin


def test_ink_beside_an_edge_is_the_difference_of_gaussians_of_its_dark_side() -> None:
    grey = np.full((64, 64), 100, np.uint8)
    grey[:, 32:] = 180
    found = ink_lines(grey)[32]
    for column in range(8, 56):
        far, near = (slow_blur(grey[32] / 255, column, deviation) for deviation in (1.8, 0.9))
        expected = np.clip(((far - near) / (far + 0.08) - 0.025) / 0.05, 0, 1)
        assert found[column] == pytest.approx(expected, abs=0.02), column
    assert found[29:32].max() > 0.9 and found[32:].max() == 0


def slow_blur(line: np.ndarray, column: int, deviation: float) -> float:
    """Return one value of a line under a Gaussian, summed place by place."""
    weights = [math.exp(-((place - column) ** 2) / (2 * deviation**2)) for place in range(len(line))]
    return sum(weight * value for weight, value in zip(weights, line, strict=True)) / sum(weights)


def hatched(distance: int) -> np.ndarray:
    grey = np.full((96, 96), 190, np.uint8)
    grey[8:88, 4::distance] = 90
    grey[8:88, 5::distance] = 90
    return grey


def test_many_lines_are_fainter_than_few_and_specks_are_none() -> None:
    few, many = ink_lines(hatched(48))[48], ink_lines(hatched(6))[48]
    assert few.max() > 0.9
    assert many.max() < 0.5 * few.max()
    specks = np.full((96, 96), 190, np.uint8)
    specks[8::24, 8::24] = 60
    assert ink_lines(specks).max() == 0


def test_a_smooth_sky_has_no_ink() -> None:
    sky = np.rint(np.linspace(120, 220, 96))[:, None].repeat(96, 1).astype(np.uint8)
    assert ink_lines(sky).max() == 0
