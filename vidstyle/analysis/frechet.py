"""How far two sets of features lie apart: the Frechet distance of their Gaussians, and a kernel distance."""

import numpy as np

KERNEL_ROWS = 1024


def frechet_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Return the squared Frechet (Wasserstein-2) distance of the Gaussians fitted to two sets of features.

    `first` is (n, d), `second` (m, d), any real dtype, n and m at least 2. It is computed in float64, with covariances over
    n - 1 and m - 1 (Dowson and Landau 1982; Heusel et al. 2017, eq. 6). It is biased upwards for few samples: compare equal
    counts only. Raises ValueError for other shapes or values that are not finite.
    """
    first, second = _checked(first), _checked(second)
    if min(len(first), len(second)) < first.shape[1]:
        return _distance_of_few(first, second)
    return gaussian_distance(*_moments(first), *_moments(second))


def _distance_of_few(first: np.ndarray, second: np.ndarray) -> float:
    """Return the same for fewer samples than features, without a matrix of features by features.

    For centred samples X and Y, A = X'X / (n - 1) and B = Y'Y / (m - 1): the non-zero eigenvalues of AB are the squared
    singular values of XY' / ((n - 1) (m - 1))^(1/2).
    """
    centred = [samples - samples.mean(axis=0) for samples in (first, second)]
    x, y = (samples / np.sqrt(len(samples) - 1) for samples in centred)
    shift = float(np.sum((first.mean(axis=0) - second.mean(axis=0)) ** 2))
    spread = float(np.sum(x**2) + np.sum(y**2))
    return max(0.0, shift + spread - 2 * float(np.linalg.svd(x @ y.T, compute_uv=False).sum()))


def gaussian_distance(
    mean_a: np.ndarray, covariance_a: np.ndarray, mean_b: np.ndarray, covariance_b: np.ndarray
) -> float:
    """Return |mean_a - mean_b|^2 + tr(A) + tr(B) - 2 tr((A B)^(1/2)) for means (d,) and covariances (d, d), float64.

    Never below 0, though rounding would take it there for equal sets.
    """
    shift = float(np.sum((mean_a - mean_b) ** 2))
    spread = float(np.trace(covariance_a) + np.trace(covariance_b))
    return max(0.0, shift + spread - 2 * _trace_of_root(covariance_a, covariance_b))


def _trace_of_root(first: np.ndarray, second: np.ndarray) -> float:
    """Return tr((A B)^(1/2)), the sum of the roots of the eigenvalues of A B.

    The symmetric A^(1/2) B A^(1/2) has the same eigenvalues.
    """
    values, vectors = np.linalg.eigh(first)
    root = vectors * np.sqrt(values.clip(min=0)) @ vectors.T
    return float(np.sqrt(np.linalg.eigvalsh(root @ second @ root).clip(min=0)).sum())


def kernel_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Return the squared maximum mean discrepancy under the kernel (x.y / d + 1)^3, estimated without bias.

    `first` is (n, d), `second` (m, d), n and m at least 2. It is computed in float64 over all pairs, without subsets
    (Binkowski et al. 2018, section 4; Gretton et al. 2012, eq. 3). Where both sets come from one distribution it lies around
    zero, also below. Raises ValueError for other shapes or values that are not finite.
    """
    first, second = _checked(first), _checked(second)
    across = _kernel_sum(first, second) / (len(first) * len(second))
    return _mean_off_diagonal(first) + _mean_off_diagonal(second) - 2 * across


def _kernel_sum(first: np.ndarray, second: np.ndarray) -> float:
    """Return the sum of the kernel over all pairs, computed some rows at a time so that many samples fit into memory."""
    starts = range(0, len(first), KERNEL_ROWS)
    return float(sum(_kernel(first[at : at + KERNEL_ROWS] @ second.T, first.shape[1]).sum() for at in starts))


def _kernel(products: np.ndarray, width: int) -> np.ndarray:
    return (products / width + 1) ** 3


def _mean_off_diagonal(features: np.ndarray) -> float:
    count, width = features.shape
    diagonal = _kernel(np.einsum("ij,ij->i", features, features), width).sum()
    return (_kernel_sum(features, features) - float(diagonal)) / (count * (count - 1))


def _moments(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return features.mean(axis=0), np.atleast_2d(np.cov(features, rowvar=False))


def _checked(features: np.ndarray) -> np.ndarray:
    if features.ndim != 2 or len(features) < 2:
        raise ValueError(f"two or more rows of features are needed, not an array of shape {features.shape}")
    if not np.isfinite(features).all():
        raise ValueError("some features are not finite")
    return features.astype(np.float64)
