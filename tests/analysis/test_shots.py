"""Cuts, flashes, fades and pans are told apart while streaming."""

from collections.abc import Iterable

import numpy as np
import pytest

from tests.drawings import drawing, mixed
from tests.drawn_videos import SHOTS, TRANSITIONS, DrawnVideo, drawn_video, held
from vidstyle.analysis.shots import REACH_FRAMES, ShotLabel, ShotWatcher


def watched(pictures: Iterable[np.ndarray]) -> list[ShotLabel]:
    watcher, labels = ShotWatcher(), []
    for picture in pictures:
        label = watcher.feed(picture)
        labels += [label] if label else []
    return labels + watcher.finish()


def shot(seed: int, frames: int, step: int = 1) -> list[np.ndarray]:
    return [drawing(seed, shift=index * step) for index in range(frames)]


@pytest.mark.parametrize("frames", [1, 2, REACH_FRAMES, REACH_FRAMES + 1, REACH_FRAMES + 2, 30])
def test_every_frame_gets_its_label_once(frames: int) -> None:
    assert watched(shot(1, frames)) == [ShotLabel(0, False)] * frames


def test_shots_begin_exactly_at_the_cuts() -> None:
    labels = watched([*shot(1, 20), *shot(2, 5), *shot(3, 25)])
    assert [label.shot for label in labels] == [0] * 20 + [1] * 5 + [2] * 25
    assert not any(label.blended for label in labels)


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_a_flash_is_no_cut(frames: int) -> None:
    pictures = shot(1, 40)
    for index in range(20, 20 + frames):
        pictures[index] = np.full_like(pictures[index], 255)
    assert {label.shot for label in watched(pictures)} == {0}


def test_a_fast_pan_is_no_cut() -> None:
    wide = np.concatenate([drawing(seed) for seed in (1, 2, 3)], axis=1)
    pictures = [np.ascontiguousarray(wide[:, left : left + 160]) for left in range(0, 320, 8)]
    labels = watched(pictures)
    assert {label.shot for label in labels} == {0}
    assert not any(label.blended for label in labels)


@pytest.mark.parametrize("length", [8, 12, 20])
def test_a_cross_fade_is_blended_and_parts_two_shots(length: int) -> None:
    one, other = drawing(1), drawing(2)
    fade = [mixed(one, other, (index + 1) / (length + 1)) for index in range(length)]
    labels = watched([one] * 20 + fade + [other] * 20)
    blended = [label.blended for label in labels]
    assert sum(blended[20 : 20 + length]) >= 0.6 * length
    assert not any(blended[:18]) and not any(blended[22 + length :])
    assert (labels[0].shot, labels[-1].shot) == (0, 1)


def test_held_drawings_are_neither_cuts_nor_blends() -> None:
    pictures = [drawing(1, shift=index // 2 * 6) for index in range(40)]
    assert set(watched(pictures)) == {ShotLabel(0, False)}


def found_of(film: DrawnVideo) -> tuple[int, int, int]:
    """Return how many beginnings of shots were found, found where none is, and missed."""
    labels = watched(film.frames)
    claims = [index for index in range(1, len(labels)) if labels[index].shot != labels[index - 1].shot]
    left = list(film.begins)
    for claim in claims:
        right = next((one for one in left if one[0] - 2 <= claim <= one[1] + 2), None)
        if right is not None:
            left.remove(right)
    found = len(film.begins) - len(left)
    return found, len(claims) - found, len(left)


def test_shots_of_all_kinds_are_parted_where_they_change_however_they_do() -> None:
    """Every transition from and to every kind of shot in turn; F1 is what the field calls it."""
    kinds = list(SHOTS)
    totals = np.zeros(3, int)
    for row, transition in enumerate(TRANSITIONS):
        for column in range(0, len(kinds), 2):
            pair = [kinds[(column + row) % len(kinds)], kinds[(3 * column + row + 1) % len(kinds)]]
            shots = [SHOTS[kind](100 * row + 10 * column + at, 48) for at, kind in enumerate(pair)]
            totals += found_of(drawn_video(shots, [transition]))
    found, false, missed = totals
    assert found + missed == len(TRANSITIONS) * 6
    assert 2 * found / (2 * found + false + missed) >= 0.95


@pytest.mark.parametrize("kind", list(SHOTS))
def test_nothing_begins_within_a_shot_and_its_drawings_stay(kind: str) -> None:
    labels = watched(drawn_video([SHOTS[kind](7, 72)], []).frames)
    assert {label.shot for label in labels} == {0}
    flashes = 8 if kind in ("flash", "lightning") else 0
    assert sum(label.blended for label in labels) <= flashes


@pytest.mark.parametrize("transition", [name for name in TRANSITIONS if "cut" not in name])
def test_most_of_a_fade_is_blended_and_nothing_far_from_it(transition: str) -> None:
    film = drawn_video([held(3, 72), held(4, 72)], [transition])
    labels = watched(film.frames)
    first, last = film.begins[0]
    blended = [index for index, label in enumerate(labels) if label.blended]
    assert min(blended) >= first - 3 and max(blended) <= last + 3
    drawn = [index for index in range(first + 2, last - 2) if film.frames[index].std() > 15]
    assert sum(index in blended for index in drawn) >= 0.75 * len(drawn)
