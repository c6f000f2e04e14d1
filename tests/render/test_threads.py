"""Decoding, painting and encoding go on at once, in order, within bounds, and stop together."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from functools import partial
from typing import Any

import pytest

from vidstyle.render.threads import BOUND, pipeline


def flow(
    source: Iterable[Any],
    work: Callable[[Any], Any],
    sink: Callable[[Any], Any],
    on_report: Callable[[Any], None],
    bound: int = BOUND,
) -> None:
    """Pass everything through the pipeline; an error of `on_report` ends it as an error of any caller does."""
    with closing(pipeline(source, partial(map, work), sink, bound)) as reports:
        for report in reports:
            on_report(report)


def vidstyle_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("vidstyle-")]


def test_items_pass_through_in_order_and_are_reported() -> None:
    sunk: list[int] = []
    seen: list[int] = []

    def sink(item: int) -> int:
        sunk.append(item)
        return len(sunk)

    flow(range(50), lambda item: item * 2, sink, seen.append)
    assert sunk == [item * 2 for item in range(50)]
    assert seen == list(range(1, 51))
    assert vidstyle_threads() == []


@pytest.mark.parametrize("bound", [1, 2, 5])
def test_the_source_never_runs_further_ahead_than_the_queues_allow(bound: int) -> None:
    drawn, sunk, furthest = 0, 0, 0

    def source() -> Iterator[int]:
        nonlocal drawn, furthest
        for item in range(60):
            drawn += 1
            furthest = max(furthest, drawn - sunk)
            yield item

    def sink(item: int) -> None:
        nonlocal sunk
        time.sleep(0.002)
        sunk += 1

    flow(source(), lambda item: item, sink, lambda _: None, bound)
    assert sunk == 60
    assert furthest <= 2 * bound + 3, "two queues, and one item in each thread's hands"


@pytest.mark.parametrize("place", ["source", "work", "sink", "seen"])
def test_an_error_anywhere_stops_every_thread_and_is_raised(place: str) -> None:
    def fails(where: str, item: int) -> int:
        if where == place and item == 5:
            raise LookupError(f"in {where}")
        return item

    def endless() -> Iterator[int]:
        item = 0
        while True:
            yield fails("source", item)
            item += 1

    with pytest.raises(LookupError, match=f"^in {place}$"):
        flow(endless(), lambda i: fails("work", i), lambda i: fails("sink", i), lambda i: fails("seen", i) and None)
    assert vidstyle_threads() == []


def test_an_interrupt_of_the_caller_stops_every_thread() -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        flow(iter(int, 1), lambda item: item, lambda item: item, interrupt)
    assert vidstyle_threads() == []


def test_the_three_parts_run_at_the_same_time() -> None:
    together = threading.Barrier(3, timeout=10)

    def meet_at(place: int, item: int) -> int:
        if item == place:
            together.wait()
        return item

    source = (meet_at(3, item) for item in range(6))
    flow(source, lambda item: meet_at(2, item), lambda item: meet_at(1, item), lambda _: None)


def test_nothing_to_do_is_done_at_once() -> None:
    flow([], lambda item: item, lambda item: item, lambda _: pytest.fail("nothing was sunk"))
