"""Hard cuts are known at once."""

from collections.abc import Iterable

import numpy as np
import pytest

from tests.drawings import drawing
from vidstyle.analysis.cuts import CutDetector


def shot(seed: int, frames: int, step: int = 1) -> list[np.ndarray]:
    return [drawing(seed, shift=index * step) for index in range(frames)]


def cuts(pictures: Iterable[np.ndarray], detector: CutDetector | None = None) -> list[int]:
    detector = detector or CutDetector()
    return [index for index, picture in enumerate(pictures) if detector.is_cut(picture)]


def test_cuts_are_known_at_once() -> None:
    assert cuts([*shot(1, 20), *shot(2, 5), *shot(3, 25)]) == [0, 20, 25]


def test_a_fast_pan_counts_as_a_cut_only_where_nothing_is_known_before_it() -> None:
    wide = np.concatenate([drawing(seed) for seed in (1, 2, 3)], axis=1)
    assert cuts(np.ascontiguousarray(wide[:, left : left + 160]) for left in range(0, 320, 8)) == [0, 1]


@pytest.mark.parametrize("stop", [0, 1, 3, 20, 22])
def test_a_cut_detector_goes_on_from_the_state_of_another(stop: int) -> None:
    pictures = [*shot(1, 20), *shot(2, 5, step=9), *shot(3, 9)]
    first, second = CutDetector(), CutDetector()
    before = cuts(pictures[:stop], first)
    second.load_state(first.state())
    assert before + [stop + index for index in cuts(pictures[stop:], second)] == cuts(pictures)


def test_a_cut_between_dark_shots_is_known() -> None:
    dark = [picture // 12 for picture in [*shot(1, 8), *shot(2, 8)]]
    assert cuts(dark) == [0, 8]
