"""Threads work on items at once, and the results come in the order of the items."""

import threading
import time
from collections.abc import Iterator

import pytest

from vidstyle.ordered_map import map_in_order


def workers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("vidstyle-worker")]


def test_results_come_in_the_order_of_the_items_and_no_thread_is_left() -> None:
    def slow_at_first(item: int) -> int:
        time.sleep(0.02 if item % 4 == 0 else 0)
        return item * item

    assert list(map_in_order(slow_at_first, range(40), 4)) == [item * item for item in range(40)]
    assert workers() == []


def test_so_many_threads_work_at_the_same_time() -> None:
    meeting = threading.Barrier(3, timeout=30)
    assert list(map_in_order(lambda item: meeting.wait() >= 0 and item, range(1, 10), 3)) == list(range(1, 10))


def test_every_thread_is_started_as_asked() -> None:
    here = threading.local()

    def start() -> None:
        here.started = True

    assert all(map_in_order(lambda _: here.started, range(20), 2, start))


def test_no_more_than_twice_as_many_items_as_threads_are_taken_ahead() -> None:
    drawn = 0

    def items() -> Iterator[int]:
        nonlocal drawn
        for item in range(30):
            drawn += 1
            yield item

    for given, _ in enumerate(map_in_order(lambda item: item, items(), 3), 1):
        assert drawn - given < 6
    assert drawn == 30


def test_a_single_thread_is_the_callers_which_works_when_it_is_asked() -> None:
    worked: list[int] = []
    results = map_in_order(lambda item: worked.append(item) or threading.current_thread(), range(3), 1)
    assert worked == []
    assert next(results) is threading.current_thread()
    assert worked == [0]


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("place", ["items", "work"])
def test_errors_are_raised_in_their_turn(threads: int, place: str) -> None:
    def fail(where: str, item: int) -> int:
        if where == place and item == 5:
            raise LookupError(f"in {where}")
        return item

    seen = []
    with pytest.raises(LookupError, match=f"^in {place}$"):
        for result in map_in_order(lambda i: fail("work", i), (fail("items", i) for i in range(99)), threads):
            seen.append(result)
    assert seen == list(range(len(seen))) and len(seen) <= 5
    assert workers() == []


def test_what_waits_is_dropped_when_no_more_results_are_asked_for() -> None:
    worked: list[int] = []

    def work(item: int) -> int:
        time.sleep(0.01)
        worked.append(item)
        return item

    results = map_in_order(work, range(1000), 2)
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert len(worked) <= 4
    assert workers() == []
