"""Frames with smooth edges are blurred at their edges and nowhere else."""

import cv2
import numpy as np

from tests.drawings import drawing
from vidstyle.analysis.edge_smoothing import smooth_edges


def slow_smooth_edges(frame: np.ndarray) -> np.ndarray:
    """The same pixel by pixel: the weighted mean of the window where an edge is at most two pixels away."""
    edge = cv2.Canny(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), 100, 200) > 0
    window = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256
    padded, result = np.pad(frame, ((2, 2), (2, 2), (0, 0)), mode="reflect").astype(float), frame.copy()
    for row in range(frame.shape[0]):
        for column in range(frame.shape[1]):
            if edge[max(row - 2, 0) : row + 3, max(column - 2, 0) : column + 3].any():
                seen = padded[row : row + 5, column : column + 5]
                result[row, column] = np.rint((seen * window[..., None]).sum((0, 1)))
    return result


def test_it_equals_a_loop_over_every_pixel() -> None:
    frame = drawing(1, (48, 40))
    found, expected = smooth_edges(frame).astype(int), slow_smooth_edges(frame)
    assert np.abs(found - expected).max() <= 1
    assert 0.1 < (found != frame).mean() < 0.9


def test_edges_become_soft_and_flat_colours_stay() -> None:
    frame = np.full((32, 32, 3), 40, np.uint8)
    frame[:, 16:] = 220
    soft = smooth_edges(frame)
    assert 40 < soft[16, 15, 0] < soft[16, 16, 0] < 220
    assert np.array_equal(soft[:, :10], frame[:, :10]) and np.array_equal(soft[:, 22:], frame[:, 22:])
