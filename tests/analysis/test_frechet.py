"""Distances of feature sets agree with closed forms, with scipy and with plain loops."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.outside import outside
from vidstyle.analysis import frechet
from vidstyle.analysis.crops import crop_features, draw_crops, scaled
from vidstyle.analysis.frechet import frechet_distance, gaussian_distance, kernel_distance
from vidstyle.media.images import list_images, read_image
from vidstyle.models.feature_network import load_vgg16

scipy_linalg = pytest.importorskip("scipy.linalg")


def features(seed: int, count: int, width: int, shift: float = 0.0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return generator.normal(size=(count, width)) @ generator.normal(size=(width, width)) + shift


def by_scipy(first: np.ndarray, second: np.ndarray) -> float:
    """Return the distance by the formula as it is printed, with scipy's root of the product of the covariances."""
    a, b = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    root = scipy_linalg.sqrtm(a @ b).real
    return float(np.sum((first.mean(0) - second.mean(0)) ** 2) + np.trace(a + b - 2 * root))


@pytest.mark.parametrize(("count", "width"), [(200, 12), (500, 64), (30, 5)])
def test_the_frechet_distance_agrees_with_scipys_matrix_root(count: int, width: int) -> None:
    first, second = features(1, count, width), features(2, count + 7, width, 0.3)
    assert frechet_distance(first, second) == pytest.approx(by_scipy(first, second), rel=1e-6)


@pytest.mark.parametrize(("count", "other_count"), [(2, 2), (2, 90), (90, 2), (20, 31), (40, 70)])
def test_few_samples_give_what_their_covariances_do(count: int, other_count: int) -> None:
    first, second = features(1, 90, 50)[:count], features(2, 90, 50, 0.3)[:other_count]
    moments = [part for one in (first, second) for part in (one.mean(axis=0), np.cov(one, rowvar=False))]
    assert frechet_distance(first, second) == pytest.approx(gaussian_distance(*moments), rel=1e-6)


def test_two_samples_each_have_a_closed_form() -> None:
    first, second = features(3, 2, 2048), features(4, 2, 2048, 0.3)
    between, other = first[1] - first[0], second[1] - second[0]
    expected = np.sum((first.mean(axis=0) - second.mean(axis=0)) ** 2)
    expected += (between @ between + other @ other) / 2 - abs(between @ other)
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-12)


@pytest.mark.needs_data
@pytest.mark.needs_weights
@pytest.mark.filterwarnings("ignore:Matrix is singular")
def test_it_agrees_with_scipy_on_the_features_of_real_photos(real_data: Path, real_weights: Path) -> None:
    network, photos = load_vgg16("", torch.device("cpu")), list_images(real_data / "test")
    sets = [
        crop_features(network, draw_crops([scaled(read_image(path), 64) for path in photos[part::2]], 200, 32, part))
        for part in (0, 1)
    ]
    assert [one.shape for one in sets] == [(200, 512)] * 2
    first, second = (one[:, :128] for one in sets)
    assert frechet_distance(first, second) == pytest.approx(by_scipy(first, second), rel=1e-4)


def test_diagonal_gaussians_have_a_closed_form() -> None:
    a, b = np.array([1.0, 4.0, 9.0]), np.array([4.0, 1.0, 0.0])
    expected = 1 + 4 + ((np.sqrt(a) - np.sqrt(b)) ** 2).sum()
    mean_a, mean_b = np.array([1.0, 0.0, 2.0]), np.zeros(3)
    assert gaussian_distance(mean_a, np.diag(a), mean_b, np.diag(b)) == pytest.approx(expected, rel=1e-12)


def test_a_shift_alone_counts_by_its_square() -> None:
    first = features(3, 100, 6)
    assert frechet_distance(first, first + 2) == pytest.approx(6 * 4, rel=1e-9)


def test_a_set_has_no_distance_from_itself_even_with_fewer_samples_than_features() -> None:
    first = features(4, 20, 50)
    assert 0 <= frechet_distance(first, first[::-1]) < 1e-4 * np.trace(np.cov(first, rowvar=False))


@pytest.mark.parametrize("seed", range(5))
def test_rounding_makes_no_distance_negative(seed: int) -> None:
    first = features(seed, 300, 8)
    assert frechet_distance(first, first) >= 0


def test_the_distance_is_symmetric() -> None:
    first, second = features(5, 80, 10), features(6, 90, 10)
    assert frechet_distance(first, second) == pytest.approx(frechet_distance(second, first), rel=1e-9)


def test_single_precision_features_are_computed_in_double() -> None:
    first, second = features(7, 300, 8).astype(np.float32), features(8, 300, 8, 1000).astype(np.float32)
    assert frechet_distance(first, second) == frechet_distance(first.astype(np.float64), second.astype(np.float64))


def test_the_kernel_distance_agrees_with_loops_over_all_pairs() -> None:
    first, second = features(9, 7, 4), features(10, 9, 4)
    kernel = [[(x @ y / 4 + 1) ** 3 for y in (*first, *second)] for x in (*first, *second)]
    inner_first = np.mean([kernel[i][j] for i in range(7) for j in range(7) if i != j])
    inner_second = np.mean([kernel[7 + i][7 + j] for i in range(9) for j in range(9) if i != j])
    across = np.mean([kernel[i][7 + j] for i in range(7) for j in range(9)])
    assert kernel_distance(first, second) == pytest.approx(inner_first + inner_second - 2 * across, rel=1e-12)


def test_the_kernel_distance_has_no_bias() -> None:
    generator = np.random.default_rng(0)
    values = [kernel_distance(*generator.normal(size=(2, 20, 3))) for _ in range(400)]
    assert abs(np.mean(values)) < 3 * np.std(values) / 20
    assert min(values) < 0 < max(values)


@pytest.mark.parametrize("measure", [frechet_distance, kernel_distance])
def test_other_shapes_and_broken_values_are_refused(measure) -> None:
    good = features(11, 5, 3)
    with pytest.raises(ValueError, match=r"two or more rows of features are needed, not an array of shape \(1, 3\)"):
        measure(good[:1], good)
    with pytest.raises(ValueError, match="some features are not finite"):
        measure(good, np.full((4, 3), np.nan))


def test_many_samples_are_taken_some_rows_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = features(11, 50, 6), features(12, 41, 6)
    whole = kernel_distance(first, second)
    monkeypatch.setattr(frechet, "KERNEL_ROWS", 8)
    assert kernel_distance(first, second) == pytest.approx(whole, rel=1e-10)


def test_both_distances_agree_with_those_of_torchmetrics() -> None:
    first, second = features(13, 60, 12), features(14, 60, 12, 0.2)
    a, b = torch.from_numpy(first), torch.from_numpy(second)
    kid, fid = outside("torchmetrics.image.kid"), outside("torchmetrics.image.fid")
    assert kernel_distance(first, second) == pytest.approx(float(kid.poly_mmd(a, b)), rel=1e-4)
    expected = float(fid._compute_fid(a.mean(0), a.T.cov(), b.mean(0), b.T.cov()))
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-4)
