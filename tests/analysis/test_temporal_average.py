"""Noise goes where nothing moves; what moves stays as it is, and batches show no trace."""

import numpy as np
import pytest

from vidstyle.analysis.smoothing import NOISE, TemporalAverage


def noisy(levels: float, frames: int = 12, seed: int = 3) -> np.ndarray:
    """A grey that stands still under noise of some levels, (n, 40, 60, 3) uint8."""
    noise = np.random.default_rng(seed).normal(0, levels, (frames, 40, 60, 3))
    return np.clip(np.rint(120 + noise), 0, 255).astype(np.uint8)


def plain_twin(frames: np.ndarray) -> np.ndarray:
    """The definition of TemporalAverage, in whole numbers."""
    values, noise, averaged = frames.astype(int), NOISE * (257 if frames.dtype == np.uint16 else 1), []
    for number, now in enumerate(values):
        changes = [before - now for before in values[max(0, number - 2) : number]]
        counted = [np.sign(change) * np.clip(2 * noise - abs(change), 0, abs(change)) for change in changes]
        averaged.append(np.rint(now + np.sum(counted, axis=0) / (1 + len(changes))) if changes else now)
    return np.stack(averaged).astype(frames.dtype)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_the_mean_is_the_one_of_its_definition(kind: type) -> None:
    random = np.random.default_rng(1)
    steps = random.integers(-12, 13, (6, 30, 50, 3)).cumsum(0) + random.integers(0, 256, (30, 50, 3))
    frames = (np.clip(steps, 0, 255) * (257 if kind == np.uint16 else 1)).astype(kind)
    off_by = np.abs(TemporalAverage()(frames).astype(int) - plain_twin(frames))
    assert off_by.max() <= (1 if kind == np.uint16 else 0), "a third in 16-bit floats may round to the other side"


def test_noise_falls_as_in_a_mean_of_three_frames() -> None:
    frames = noisy(1.5)
    spread = [float(video[2:].astype(float).std()) for video in (frames, TemporalAverage()(frames))]
    assert 0.5 * spread[0] < spread[1] < 0.68 * spread[0], "1 / sqrt(3) is 0.577; rounding adds a little"


def test_what_moves_stays_as_it_is() -> None:
    frames = np.zeros((8, 40, 60, 3), np.uint8)
    for number, frame in enumerate(frames):
        frame[:, 5 * number : 5 * number + 20] = 2 * NOISE + 1
    assert np.array_equal(TemporalAverage()(frames), frames)


def test_no_value_leaves_what_was_there() -> None:
    frames = np.random.default_rng(2).integers(0, 256, (5, 30, 50, 3), np.uint8)
    averaged = TemporalAverage()(frames)
    assert np.array_equal(averaged[0], frames[0])
    for number in range(2, 5):
        near = frames[number - 2 : number + 1]
        assert (near.min(0) <= averaged[number]).all() and (averaged[number] <= near.max(0)).all()


def test_batches_of_any_size_give_the_same_and_frames_are_forgotten() -> None:
    frames, average = noisy(3.0), TemporalAverage()
    whole = average(frames)
    average.forget()
    parts = [average(part) for part in (frames[:1], frames[1:1], frames[1:6], frames[6:])]
    assert np.array_equal(np.concatenate(parts), whole)
    assert np.array_equal(frames, noisy(3.0)), "the given frames stay as they are"
