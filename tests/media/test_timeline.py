"""Times of joined recordings lie on one line, and the tracks of each stay with its pictures."""

from fractions import Fraction
from itertools import pairwise
from typing import Any

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidstyle.media.timeline import AHEAD_SECONDS, Restart, Timeline


def make_packet(pts: int | None, dts: int | None, duration: int = 0, *, key: bool = False) -> Any:
    made = av.Packet(b"x")
    made.pts, made.dts, made.duration, made.is_keyframe = pts, dts, duration, key
    return made


def straightened(
    times: list[tuple[int | None, int | None]],
    ahead: int = AHEAD_SECONDS,
    restart: Restart = Restart.ANYWHERE,
    keys: tuple[int, ...] = (0,),
) -> tuple[list[int], list[int]]:
    timeline = Timeline(Fraction(1, 100), Fraction(4), ahead, restart)
    packets = [make_packet(pts, dts, key=place in keys) for place, (pts, dts) in enumerate(times)]
    for packet in packets:
        timeline.straighten(packet)
    return [packet.pts for packet in packets], timeline.shifts


def test_reordered_pictures_keep_their_times() -> None:
    times = [(8, 0), (20, 4), (12, 8), (16, 12), (32, 16), (24, 20), (28, 24)]
    assert straightened(times) == ([pts for pts, _ in times], [0])


def test_a_second_recording_begins_where_the_first_ends() -> None:
    first = [(108, 100), (120, 104), (112, 108), (116, 112)] + [(120 + 4 * n, 112 + 4 * n) for n in range(1, 30)]
    times, shifts = straightened([*first, (8, 0), (12, 4)])
    end = 120 + 4 * 29 + 4
    assert times == [pts for pts, _ in first] + [end, end + 4]
    assert shifts == [0, end - 8]


def test_a_gap_is_closed_only_where_clocks_may_jump() -> None:
    times = [(0, 0), (4, 4), (5000, 5000)]
    assert straightened(times) == ([0, 4, 8], [0, -4992])
    assert straightened(times, ahead=100) == ([0, 4, 5000], [0])


def test_one_wrong_time_does_not_move_what_follows() -> None:
    told = [(4 * n, 4 * n) for n in range(200)]
    told[150] = (3, 3)
    times, _ = straightened(told, ahead=10_000)
    assert times == [4 * n for n in range(200)]


def test_packets_without_one_of_their_times_use_the_other() -> None:
    assert straightened([(None, 0), (None, 4)]) == ([None, None], [0])
    assert straightened([(400, None), (404, None), (0, None)]) == ([400, 404, 408], [0, 408])


SLOW = [(0, None), (400, None), (200, 0), (100, 100), (300, 200), (800, 300), (600, 400), (500, 500), (700, 600)]
"""One picture a second in Matroska: the first packets, as many as pictures are reordered by, have no dts."""


@pytest.mark.parametrize("restart", Restart)
def test_pictures_before_the_first_decoding_time_are_no_other_recording(restart: Restart) -> None:
    assert straightened(SLOW, restart=restart) == ([pts for pts, _ in SLOW], [0])


def test_a_key_frame_before_an_earlier_one_begins_a_recording_where_decoding_times_say_nothing() -> None:
    joined = [*SLOW, (0, 0), (400, 400), (200, 200)]
    ends = 804
    wanted = [pts for pts, _ in SLOW] + [ends, ends + 400, ends + 200]
    assert straightened(joined, 10_000, Restart.AT_KEY_FRAMES, keys=(0, len(SLOW))) == (wanted, [0, ends])


def test_decoding_times_that_run_back_at_an_edit_move_nothing() -> None:
    times = [(0, -8), (100, 92), (104, 96), (92, 4), (108, 100)]
    assert straightened(times, 10_000, Restart.NEVER, keys=(0, 3)) == ([pts for pts, _ in times], [0])


@given(st.lists(st.integers(2, 20), min_size=1, max_size=5), st.lists(st.integers(0, 10**6), min_size=5, max_size=5))
def test_any_joined_recordings_lie_on_one_even_line(lengths: list[int], starts: list[int]) -> None:
    told = [
        (start + 4 * n, start + 4 * n) for length, start in zip(lengths, starts, strict=False) for n in range(length)
    ]
    jumps = [b[1] - a[1] for a, b in pairwise(told)]
    if all(jump == 4 or jump < -50 or jump > 1000 for jump in jumps):
        times, _ = straightened(told)
        assert times == [starts[0] + 4 * n for n in range(sum(lengths))]
