"""PSNR and SSIM are those of their definitions and of scikit-image."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from vidstyle.analysis import psnr_ssim as likeness
from vidstyle.analysis.psnr_ssim import psnr, ssim
from vidstyle.media.images import list_images, read_image
from vidstyle.pixels import to_device


def slow_ssim(first: np.ndarray, second: np.ndarray) -> float:
    """SSIM of one plane, by loops over every window, from the formula of the 2004 paper."""
    planes = (first, second)
    bell = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    window = np.outer(bell, bell) / bell.sum() ** 2
    values = []
    for top in range(planes[0].shape[0] - 10):
        for left in range(planes[0].shape[1] - 10):
            x, y = (image[top : top + 11, left : left + 11] for image in planes)
            mx, my = (window * x).sum(), (window * y).sum()
            vx, vy = (window * (x - mx) ** 2).sum(), (window * (y - my) ** 2).sum()
            cov = (window * (x - mx) * (y - my)).sum()
            values.append((2 * mx * my + 1e-4) * (2 * cov + 9e-4) / ((mx**2 + my**2 + 1e-4) * (vx + vy + 9e-4)))
    return float(np.mean(values))


def test_ssim_equals_a_loop_over_every_window() -> None:
    first, second = torch.rand(2, 1, 2, 17, 21, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    second = 0.7 * first + 0.3 * second
    expected = np.mean([slow_ssim(first[0, plane].numpy(), second[0, plane].numpy()) for plane in range(2)])
    assert ssim(first, second) == pytest.approx(expected, abs=1e-12)
    assert ssim(first.float(), first.float()) == pytest.approx(1)


def test_bands_of_rows_do_not_change_ssim(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = torch.rand(2, 1, 3, 60, 40, generator=torch.Generator().manual_seed(0))
    whole = ssim(first, second)
    monkeypatch.setattr(likeness, "BAND_ROWS", 7)
    assert ssim(first, second) == pytest.approx(whole, abs=1e-12)


def test_equal_pictures_have_no_noise() -> None:
    assert psnr(torch.rand(1, 3, 4, 4), torch.zeros(1, 3, 4, 4)) < math.inf
    assert psnr(torch.ones(1, 3, 4, 4), torch.ones(1, 3, 4, 4)) == math.inf


def test_both_agree_with_scikit_image_on_photos(real_data: Path) -> None:
    metrics = pytest.importorskip("skimage.metrics")
    for path in list_images(real_data / "test")[:3]:
        photo = read_image(path)
        worse = np.clip(photo.astype(float) * 0.8 + np.random.default_rng(0).normal(0, 12, photo.shape), 0, 255)
        worse = worse.astype(np.uint8)
        ours = [to_device(one[None], torch.device("cpu")) for one in (worse, photo)]
        expected = metrics.structural_similarity(
            worse, photo, channel_axis=2, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255
        )
        assert ssim(*ours) == pytest.approx(expected, abs=1e-4)
        assert psnr(*ours) == pytest.approx(metrics.peak_signal_noise_ratio(photo, worse), abs=1e-4)
