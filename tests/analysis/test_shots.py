"""Cuts, flashes, fades and pans are told apart while streaming."""

from collections.abc import Iterable

import numpy as np
import pytest

from tests.drawings import drawing, mixed
from vidstyle.analysis.shots import REACH_FRAMES, CutDetector, Place, ShotWatcher


def watched(pictures: Iterable[np.ndarray]) -> list[Place]:
    watcher, places = ShotWatcher(), []
    for picture in pictures:
        place = watcher.feed(picture)
        places += [place] if place else []
    return places + watcher.finish()


def shot(seed: int, frames: int, step: int = 1) -> list[np.ndarray]:
    return [drawing(seed, shift=index * step) for index in range(frames)]


@pytest.mark.parametrize("frames", [1, 2, REACH_FRAMES, REACH_FRAMES + 1, REACH_FRAMES + 2, 30])
def test_every_frame_gets_its_place_once(frames: int) -> None:
    assert watched(shot(1, frames)) == [Place(0, False)] * frames


def test_shots_begin_exactly_at_the_cuts() -> None:
    places = watched([*shot(1, 20), *shot(2, 5), *shot(3, 25)])
    assert [place.shot for place in places] == [0] * 20 + [1] * 5 + [2] * 25
    assert not any(place.blended for place in places)


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_a_flash_is_no_cut(frames: int) -> None:
    pictures = shot(1, 40)
    for index in range(20, 20 + frames):
        pictures[index] = np.full_like(pictures[index], 255)
    assert {place.shot for place in watched(pictures)} == {0}


def test_a_fast_pan_is_no_cut() -> None:
    wide = np.concatenate([drawing(seed) for seed in (1, 2, 3)], axis=1)
    pictures = [np.ascontiguousarray(wide[:, left : left + 160]) for left in range(0, 320, 8)]
    places = watched(pictures)
    assert {place.shot for place in places} == {0}
    assert not any(place.blended for place in places)


@pytest.mark.parametrize("length", [8, 12, 20])
def test_a_cross_fade_is_blended_and_parts_two_shots(length: int) -> None:
    one, other = drawing(1), drawing(2)
    fade = [mixed(one, other, (index + 1) / (length + 1)) for index in range(length)]
    places = watched([one] * 20 + fade + [other] * 20)
    blended = [place.blended for place in places]
    assert sum(blended[20 : 20 + length]) >= 0.6 * length
    assert not any(blended[:18]) and not any(blended[22 + length :])
    assert (places[0].shot, places[-1].shot) == (0, 1)


def test_held_drawings_are_neither_cuts_nor_blends() -> None:
    pictures = [drawing(1, shift=index // 2 * 6) for index in range(40)]
    assert set(watched(pictures)) == {Place(0, False)}


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
