"""Choosing keeps the sharpest of each kind, none alike, and spreads a count over shots and looks."""

from collections import Counter

import numpy as np
import pytest

from tests.drawings import drawing
from vidstyle.analysis.near_duplicates import Signature, is_same_picture, similarity
from vidstyle.extract.candidate import Candidate, frame_name
from vidstyle.extract.choose import drop_alike, drop_beyond, drop_faded, most_alike, worth_in_shot


def candidate(seed: int, sharpness: float, shot: int = 0, shift: int = 0, seconds: float = 0.0) -> Candidate:
    return Candidate(
        source="show",
        name=f"{seed}-{shift}-{seconds:g}",
        seconds=seconds,
        frame=0,
        pts=0,
        window=0,
        shot=shot,
        sharpness=sharpness,
        brightness=100.0,
        spread=100.0,
        signature=Signature.of(drawing(seed, shift=shift)),
    )


def test_of_frames_that_look_alike_the_sharpest_stays() -> None:
    soft, sharp, other = candidate(1, 0.3), candidate(1, 0.5, shift=1), candidate(2, 0.1)
    drop_alike([soft, sharp, other], [], 0.8)
    assert [one.kept for one in (soft, sharp, other)] == [False, True, True]
    assert (soft.reason, soft.similar_to) == ("near-duplicate", sharp.name)
    assert soft.similarity > 0.8


def test_frames_already_in_the_folder_always_stay() -> None:
    sharper = candidate(1, 0.9)
    drop_alike([sharper], [("old.png", Signature.of(drawing(1)))], 0.8)
    assert (sharper.reason, sharper.similar_to, sharper.similarity) == ("near-duplicate", "old.png", 1.0)


@pytest.mark.parametrize("limit", [0.2, 0.5, 0.78, 1.0])
def test_choosing_equals_comparing_all_pairs_one_by_one(limit: float) -> None:
    draw = np.random.default_rng(0)
    found = [
        candidate(int(draw.integers(0, 12)), float(draw.uniform()), shift=int(draw.integers(0, 60))) for _ in range(40)
    ]
    expected: list[Candidate] = []
    for one, worth in sorted(worth_in_shot(found), key=lambda pair: -pair[1]):
        assert one.signature is not None
        others = [kept.signature for kept in expected if kept.signature]
        allowed = most_alike(worth, limit)
        if worth >= 0.25 and all(
            similarity(each, one.signature) <= allowed and not is_same_picture(each, one.signature) for each in others
        ):
            expected.append(one)
    drop_alike(found, [], limit)
    assert {id(one) for one in found if one.kept} == {id(one) for one in expected}


def test_dropped_candidates_are_not_considered() -> None:
    black = candidate(1, 0.9)
    black.reason = "black"
    alike = candidate(1, 0.2)
    drop_alike([black, alike], [], 0.8)
    assert alike.kept and black.reason == "black"


def test_a_count_is_drawn_in_turn_over_the_shots() -> None:
    found = [candidate(seed, 0.5, shot=0) for seed in range(20)]
    found += [candidate(20 + seed, 0.4, shot=1 + seed) for seed in range(3)]
    drop_beyond(found, 8)
    kept = Counter(one.shot for one in found if one.kept)
    assert kept == {0: 5, 1: 1, 2: 1, 3: 1}
    assert {one.reason for one in found if not one.kept} == {"beyond count"}


def test_within_a_shot_the_looks_farthest_apart_are_drawn() -> None:
    alike = [candidate(1, 0.5, shift=shift) for shift in range(6)]
    different = candidate(2, 0.1)
    drop_beyond([*alike, different], 2)
    assert different.kept and sum(one.kept for one in alike) == 1


def test_a_count_beyond_what_there_is_changes_nothing() -> None:
    found = [candidate(seed, 0.5) for seed in range(4)]
    drop_beyond(found, 10)
    assert all(one.kept for one in found)


def test_a_faded_copy_of_a_neighbour_in_time_is_dropped_but_not_of_a_distant_one() -> None:
    picture, white = drawing(1).astype(float), 255.0
    for seconds, kept in ((1.0, False), (60.0, True)):
        whole, faded = candidate(1, 0.5), candidate(2, 0.5, seconds=seconds)
        faded.signature = Signature.of(np.rint(picture * 0.4 + white * 0.6).astype(np.uint8))
        drop_faded([whole, faded])
        assert whole.kept and faded.kept == kept


@pytest.mark.parametrize(
    ("seconds", "frame", "name"),
    [
        (0.0, 0, "a_000000000_000000.png"),
        (61.5, 1476, "a_000101500_001476.png"),
        (3599.9996, 86400, "a_010000000_086400.png"),
        (360000.25, 1, "a_1000000250_000001.png"),
    ],
)
def test_names_carry_hours_minutes_seconds_and_milliseconds(seconds: float, frame: int, name: str) -> None:
    assert frame_name("a", seconds, frame, "png") == name


def test_the_less_clear_a_frame_is_for_its_shot_the_more_it_must_differ_and_shots_are_not_compared() -> None:
    clear = [candidate(seed, 0.5) for seed in range(4)]
    smeared, another = candidate(2, 0.3, shift=14), candidate(9, 0.3)
    empty = candidate(8, 0.1)
    night = [candidate(seed, 0.1, shot=1) for seed in (10, 11, 12)]
    assert 0.4 < similarity(Signature.of(drawing(2)), Signature.of(drawing(2, shift=14))) < 0.78
    drop_alike([*clear, smeared, another, empty, *night], [], 0.78)
    assert [one.reason for one in (*clear, another, *night)] == [""] * 8
    assert [one.reason for one in (smeared, empty)] == ["faint", "faint"]
    assert smeared.similar_to == clear[2].name


def test_a_drawing_that_comes_back_is_kept_once_even_where_all_likeness_is_allowed() -> None:
    found = [candidate(seed, 0.5, shot=shot, seconds=shot) for shot in range(4) for seed in (1, 2)]
    drop_alike(found, [], 1.0)
    assert sorted(one.name[0] for one in found if one.kept) == ["1", "2"]


def test_a_count_takes_the_clearest_of_each_shot_where_looks_do_not_differ() -> None:
    found = [candidate(shot, 0.2 + 0.1 * step, shot=shot, seconds=step) for shot in range(3) for step in range(4)]
    drop_beyond(found, 3)
    assert sorted((one.shot, one.sharpness) for one in found if one.kept) == [(shot, 0.5) for shot in range(3)]


def test_a_shot_whose_every_frame_is_like_one_of_another_shot_still_gets_a_frame_where_that_can_spare_its_own() -> None:
    others = [candidate(seed, 0.5, shot=0) for seed in (1, 2)]
    again = candidate(1, 0.4, shot=1, shift=1)
    drop_alike([*others, again], [], 0.78)
    assert [one.kept for one in (*others, again)] == [False, True, True]
    assert (others[0].reason, others[0].similar_to) == ("near-duplicate", again.name)
    assert others[0].similarity > 0.78 and again.similar_to == ""


def test_the_only_frame_of_a_shot_and_those_in_the_folder_are_not_given_up_for_another_shot() -> None:
    alone, again = candidate(1, 0.5), candidate(1, 0.4, shot=1, shift=1)
    drop_alike([alone, again], [], 0.78)
    assert [one.kept for one in (alone, again)] == [True, False]
    more, repeat = candidate(2, 0.5), candidate(1, 0.4, shot=1)
    drop_alike([more, repeat], [("old.png", Signature.of(drawing(1)))], 0.78)
    assert [one.kept for one in (more, repeat)] == [True, False]
