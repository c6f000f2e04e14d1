"""Packets that never became pictures are found by their times."""

from hypothesis import given
from hypothesis import strategies as st

from vidstyle.media.damage.lost_pictures import PacketMatcher


def test_every_packet_seen_as_a_picture_leaves_nothing() -> None:
    matcher = PacketMatcher()
    for pts, dts in ((0, -2), (4, -1), (2, 0), (1, 1), (3, 2)):
        matcher.add(pts, dts)
    assert [matcher.match(pts) for pts in (0, 1, 2, 3, 4)] == [[]] * 5
    assert matcher.waiting() == []


def test_packets_skipped_between_pictures_are_named() -> None:
    matcher = PacketMatcher()
    for pts in range(6):
        matcher.add(pts, pts)
    assert [matcher.match(pts) for pts in (0, 3)] == [[], [1, 2]]
    assert matcher.waiting() == [4, 5]


def test_pictures_whose_times_differ_from_their_packets_still_use_one_packet_each() -> None:
    matcher = PacketMatcher()
    for pts in range(0, 50, 10):
        matcher.add(pts, pts)
    assert [matcher.match(pts) for pts in (3, 13, 23, 33, 43)] == [[]] * 5


def test_a_clock_that_starts_again_loses_nothing() -> None:
    matcher = PacketMatcher()
    for pts in (100, 101, 102, 0, 1):
        matcher.add(pts, pts)
    assert [matcher.match(pts) for pts in (100, 101, 102, 0, 1)] == [[]] * 5


def test_a_picture_that_shares_its_guessed_time_may_come_out_of_turn() -> None:
    matcher = PacketMatcher()
    for pts, dts in ((10, 7), (10, 10), (20, 20)):
        matcher.add(pts, dts)
    assert [matcher.match(pts) for pts in (10, 20)] == [[], []]
    assert matcher.waits_for(10)
    assert matcher.match(10) == []
    assert not matcher.waits_for(10)


def test_packets_without_times_are_taken_in_turn() -> None:
    matcher = PacketMatcher()
    for dts in range(3):
        matcher.add(None, dts)
    assert [matcher.match(None) for _ in range(3)] == [[]] * 3
    assert matcher.waiting() == []


@given(st.sets(st.integers(0, 30), min_size=1, max_size=12), st.data())
def test_pictures_and_lost_packets_together_are_all_packets(times: set[int], data: st.DataObject) -> None:
    shown = data.draw(st.sets(st.sampled_from(sorted(times))))
    matcher = PacketMatcher()
    for time in sorted(times):
        matcher.add(time, time)
    lost = [time for pts in sorted(shown) for time in matcher.match(pts)]
    assert sorted([*shown, *lost, *matcher.waiting()]) == sorted(times)
