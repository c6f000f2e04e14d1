"""Work on items by several threads at once, with the results in the order of the items."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_in_order(
    work: Callable[[Item], Result], items: Iterable[Item], threads: int, on_start: Callable[[], object] | None = None
) -> Iterator[Result]:
    """Yield what `work` makes of each item, in order; `threads` work at once, and twice as many items at most are taken ahead.

    A single thread is the caller's own, which works on an item when its result is asked for. Others call `on_start` as they
    start. Raises what `work` and `items` raise, once the work under way is done; what waits is dropped then.
    """
    if threads == 1:
        yield from map(work, items)
        return
    with ThreadPoolExecutor(threads, "vidstyle-worker", on_start) as pool:
        waiting: deque[Future[Result]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) == 2 * threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
