"""The guided filter is that of its paper, keeps its guide's edges, and needs little memory at any size."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from vidstyle.networks import guided_filter as room
from vidstyle.networks.guided_filter import box_mean, fast_guided_filter, guided_filter


def pictures(*shape: int, seed: int = 0) -> Tensor:
    """Return random values in [-1, 1] as float64."""
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 2 - 1


def slow_windows(height: int, width: int, radius: int) -> list[tuple[int, int, slice, slice]]:
    places = [(row, column) for row in range(height) for column in range(width)]
    return [
        (
            row,
            column,
            slice(max(row - radius, 0), row + radius + 1),
            slice(max(column - radius, 0), column + radius + 1),
        )
        for row, column in places
    ]


def slow_lines(guide: np.ndarray, image: np.ndarray, radius: int, epsilon: float) -> tuple[np.ndarray, np.ndarray]:
    """Equations (5) and (6) of the paper for one channel, window by window, then the means of (8)."""
    slope, offset = np.empty_like(image), np.empty_like(image)
    windows = slow_windows(*image.shape, radius)
    for row, column, rows, columns in windows:
        seen, painted = guide[rows, columns], image[rows, columns]
        covariance = (seen * painted).mean() - seen.mean() * painted.mean()
        slope[row, column] = covariance / (seen.var() + epsilon)
        offset[row, column] = painted.mean() - slope[row, column] * seen.mean()
    means = np.empty_like(slope), np.empty_like(offset)
    for row, column, rows, columns in windows:
        means[0][row, column], means[1][row, column] = slope[rows, columns].mean(), offset[rows, columns].mean()
    return means


def slow_filter(guide: Tensor, image: Tensor, radius: int, epsilon: float) -> Tensor:
    result = torch.empty_like(image)
    for number in range(image.shape[0]):
        for channel in range(image.shape[1]):
            seen = guide[number, min(channel, guide.shape[1] - 1)].numpy()
            slope, offset = slow_lines(seen, image[number, channel].numpy(), radius, epsilon)
            result[number, channel] = torch.from_numpy(slope * seen + offset)
    return result


@pytest.mark.parametrize("radius", [1, 2, 5])
@pytest.mark.parametrize("channels", [3, 1])
def test_the_filter_equals_a_loop_over_every_window(radius: int, channels: int) -> None:
    guide, image = pictures(2, channels, 9, 13), pictures(2, 3, 9, 13, seed=1)
    expected = slow_filter(guide, image, radius, 5e-3)
    torch.testing.assert_close(guided_filter(guide, image, radius, 5e-3), expected, rtol=0, atol=1e-10)
    single = guided_filter(guide.float(), image.float(), radius, 5e-3)
    torch.testing.assert_close(single, expected.float(), rtol=0, atol=2e-4)


@given(height=st.integers(1, 9), width=st.integers(1, 9), radius=st.integers(1, 6))
@settings(max_examples=25, deadline=None)
def test_means_count_only_what_lies_in_the_picture(height: int, width: int, radius: int) -> None:
    image = pictures(1, 2, height, width)
    expected = torch.empty_like(image)
    for row, column, rows, columns in slow_windows(height, width, radius):
        expected[..., row, column] = image[..., rows, columns].mean((2, 3))
    torch.testing.assert_close(box_mean(image, radius), expected, rtol=0, atol=1e-12)


def test_means_are_as_exact_at_the_end_of_a_large_picture_as_at_its_start() -> None:
    image = pictures(1, 1, 1500, 2000) * 0.01 + 0.99
    wrong = (box_mean(image.float(), 1) - box_mean(image, 1)).abs()
    assert wrong.max() < 3e-7


def test_a_flat_guide_makes_flat_and_a_guide_of_edges_keeps_them() -> None:
    painted = pictures(1, 3, 24, 24) * 0.2
    flat = torch.zeros(1, 1, 24, 24, dtype=torch.float64)
    step = flat.clone()
    step[..., 12:] = 1
    painted[..., 12:] += 0.6
    blurred, kept = (guided_filter(guide, painted, 4, 1e-3)[..., 11:13].mean((0, 1, 2)) for guide in (flat, step))
    assert float(blurred[1] - blurred[0]) < 0.1
    assert float(kept[1] - kept[0]) > 0.5
    assert guided_filter(step, painted, 4, 1e-3)[..., :8].std() < painted[..., :8].std() / 3


def test_a_picture_can_be_its_own_guide() -> None:
    image = pictures(1, 3, 12, 10)
    expected = guided_filter(image.clone(), image, 2, 0.2)
    torch.testing.assert_close(guided_filter(image, image, 2, 0.2), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("own", [False, True])
def test_gradients_are_those_of_small_steps(own: bool) -> None:
    guide, image = pictures(1, 1, 5, 4), pictures(1, 2, 5, 4, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(lambda painted: guided_filter(painted if own else guide, painted, 1, 0.1), image)


@pytest.mark.parametrize("rows", [1, 7])
def test_strips_of_rows_equal_the_whole_and_no_more_is_filtered_at_once(
    rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    guide, image = pictures(2, 3, 33, 10), pictures(2, 3, 33, 10, seed=1)
    whole, filtered, seen = guided_filter(guide, image, 2, 0.01), room._filtered, []
    monkeypatch.setattr(room, "STRIP_PIXELS", rows * 20)
    monkeypatch.setattr(room, "_filtered", lambda *given: seen.append(given[1].shape[2]) or filtered(*given))
    assert torch.equal(guided_filter(guide, image, 2, 0.01), whole)
    assert max(seen) == rows + 8


def test_the_fast_filter_draws_enlarged_lines_by_the_full_guide(monkeypatch: pytest.MonkeyPatch) -> None:
    full, small, painted = pictures(1, 3, 26, 37), pictures(1, 3, 9, 12, seed=1), pictures(1, 3, 9, 12, seed=2)
    expected = torch.empty_like(full)
    for channel in range(3):
        lines = slow_lines(small[0, channel].numpy(), painted[0, channel].numpy(), 1, 5e-3)
        slope, offset = (slow_enlarged(line, 26, 37) for line in lines)
        expected[0, channel] = torch.from_numpy(slope) * full[0, channel] + torch.from_numpy(offset)
    for pixels in (room.STRIP_PIXELS, 37 * 5):
        monkeypatch.setattr(room, "STRIP_PIXELS", pixels)
        found = fast_guided_filter(small, painted, full, 1, 5e-3)
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-10)


def slow_enlarged(line: np.ndarray, height: int, width: int) -> np.ndarray:
    """Bilinear interpolation with pixel centres kept, pixel by pixel."""
    result = np.empty((height, width))
    for row in range(height):
        for column in range(width):
            y, x = (row + 0.5) * line.shape[0] / height - 0.5, (column + 0.5) * line.shape[1] / width - 0.5
            y, x = np.clip(y, 0, line.shape[0] - 1), np.clip(x, 0, line.shape[1] - 1)
            top, left = int(y), int(x)
            low, right = min(top + 1, line.shape[0] - 1), min(left + 1, line.shape[1] - 1)
            upper = line[top, left] * (1 - x + left) + line[top, right] * (x - left)
            lower = line[low, left] * (1 - x + left) + line[low, right] * (x - left)
            result[row, column] = upper * (1 - y + top) + lower * (y - top)
    return result


def test_at_one_size_the_fast_filter_is_the_filter() -> None:
    guide, image = pictures(1, 3, 12, 15), pictures(1, 3, 12, 15, seed=1)
    found = fast_guided_filter(guide, image, guide, 2, 0.01)
    torch.testing.assert_close(found, guided_filter(guide, image, 2, 0.01), rtol=0, atol=1e-10)


def test_half_precision_pictures_are_filtered_in_fp32() -> None:
    guide, image = pictures(1, 3, 12, 15).half(), pictures(1, 3, 12, 15, seed=1).half()
    found = guided_filter(guide, image, 1, 5e-3)
    assert found.dtype == torch.float16
    torch.testing.assert_close(found, guided_filter(guide.float(), image.float(), 1, 5e-3).half(), rtol=0, atol=0)


@pytest.mark.needs_cuda
@pytest.mark.parametrize("radius", [1, 5])
def test_a_gpu_filters_a_4k_frame_as_the_cpu_does_in_bounded_memory(radius: int) -> None:
    guide, image = pictures(1, 3, 2160, 3840).float(), pictures(1, 3, 2160, 3840, seed=1).float()
    torch.cuda.reset_peak_memory_stats()
    on_gpu = guide.cuda(), image.cuda()
    before = torch.cuda.memory_allocated()
    found = guided_filter(*on_gpu, radius, 5e-3)
    assert torch.cuda.max_memory_allocated() - before < 3 * found.nbytes
    torch.testing.assert_close(found.cpu(), guided_filter(guide, image, radius, 5e-3), rtol=0, atol=1e-4)
