"""Three threads in a row with short queues between them, others that compute at once, and one thread beside them.

A source gives items, work makes results of them, and a sink takes these. When one of the threads fails, all of them stop.
"""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import torch

from vidstyle.ordered_map import map_in_order

Item = TypeVar("Item")
Result = TypeVar("Result")
Report = TypeVar("Report")

BOUND = 2
"""How many items may wait between two threads: enough to keep both busy, little enough for any length of video."""
WAKE_SECONDS = 0.5
"""How often a waiting thread wakes by itself, so that an interrupt is noticed on every system."""


class Stopped(Exception):
    """Another thread has failed, or the user has stopped the run."""


class _StopSignal:
    """Tells all threads to stop; it keeps the first error that was the cause."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.given = False
        self.cause: BaseException | None = None

    def give(self, cause: BaseException | None = None) -> None:
        with self.changed:
            if not self.given:
                self.given, self.cause = True, cause
            self.changed.notify_all()


class _Queue(Generic[Item]):
    """A queue of at most `bound` items between two threads."""

    def __init__(self, stop: _StopSignal, bound: int) -> None:
        self.stop, self.bound = stop, bound
        self.items: deque[Item] = deque()
        self.finished = False

    def put(self, item: Item) -> None:
        """Add an item once there is room; raises Stopped."""
        with self.stop.changed:
            self._wait(lambda: len(self.items) < self.bound)
            self.items.append(item)
            self.stop.changed.notify_all()

    def finish(self) -> None:
        """Mark the queue as finished: no more items come."""
        with self.stop.changed:
            self.finished = True
            self.stop.changed.notify_all()

    def __iter__(self) -> "_Queue[Item]":
        return self

    def __next__(self) -> Item:
        with self.stop.changed:
            self._wait(lambda: bool(self.items) or self.finished)
            if not self.items:
                raise StopIteration
            item = self.items.popleft()
            self.stop.changed.notify_all()
            return item

    def _wait(self, ready: Callable[[], bool]) -> None:
        while not self.stop.given and not ready():
            self.stop.changed.wait(WAKE_SECONDS)
        if self.stop.given:
            raise Stopped


def pipeline(
    source: Iterable[Item],
    work: Callable[[Iterable[Item]], Iterable[Result]],
    sink: Callable[[Result], Report],
    bound: int = BOUND,
) -> Generator[Report]:
    """Pass the items of `source` through `work`, and each of its results into `sink`; yield what `sink` returns.

    Each of the three runs on a thread of its own. `work` draws the items and gives the results in their order.

    Closing the generator stops the threads. The first error on any of them, or one that is thrown into the generator, stops
    all and is raised here. When this ends, no thread is left.
    """
    stop = _StopSignal()
    items: _Queue[Item] = _Queue(stop, bound)
    results: _Queue[Result] = _Queue(stop, bound)
    reports: _Queue[Report] = _Queue(stop, bound)
    threads = [
        _thread(stop, "decode", source, items),
        _thread(stop, "compute", work(items), results),
        _thread(stop, "encode", map(sink, results), reports),
    ]
    try:
        for thread in threads:
            thread.start()
        yield from reports
    except Stopped:
        pass
    except BaseException as error:
        stop.give(error)
    finally:
        stop.give()
        for thread in threads:
            thread.join()
    if stop.cause is not None:
        raise stop.cause


def _thread(stop: _StopSignal, name: str, inlet: Iterable[Any], outlet: _Queue[Any]) -> threading.Thread:
    """Return a thread that draws everything from `inlet` and puts it into `outlet`."""

    def pump() -> None:
        try:
            for item in inlet:
                outlet.put(item)
            outlet.finish()
        except Stopped:
            pass
        except BaseException as error:
            stop.give(error)

    return threading.Thread(target=pump, name=f"vidstyle-{name}")


def compute_in_parallel(compute: Callable[[Item], Result], items: Iterable[Item], parallel: int) -> Iterator[Result]:
    """Yield what `compute` makes of each item, in order, by so many threads as `parallel`, which share torch's processors.

    A processor that has a frame of its own waits for no other. Those that share the layers of one frame meet at the end of
    every layer, and lose a third of their time there where decoder and encoder run beside them. A single thread is the
    caller's own, which computes an item when its result is asked for.
    """
    with _processors as processors:
        share = partial(torch.set_num_threads, max(1, processors // parallel))
        yield from map_in_order(compute, items, parallel, share)


class _Processors:
    """The processors that torch has while nothing is computed in parallel; a context manager that gives their number.

    The number that a thread sets is that of all threads which start later, so the last one that leaves sets it again.
    """

    def __init__(self) -> None:
        self._lock, self._inside, self._count = threading.Lock(), 0, 0

    def __enter__(self) -> int:
        with self._lock:
            if not self._inside:
                self._count = torch.get_num_threads()
            self._inside += 1
            return self._count

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                torch.set_num_threads(self._count)


_processors = _Processors()


class SideThread:
    """A thread beside the row that does one job at a time while the row goes on; a context manager.

    An error of a job is raised by the next call of any method. Leaving the block waits for the job under way.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "vidstyle-aside")
        self._job: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown()

    def start(self, job: Callable[[], None]) -> None:
        """Begin a job once the one before is done."""
        self.wait()
        self._job = self._pool.submit(job)

    @property
    def idle(self) -> bool:
        """Whether no job is under way."""
        return self._job is None or self._job.done()

    def check(self) -> None:
        """Raise the error of the last job, if it has failed."""
        if self.idle:
            self.wait()

    def wait(self) -> None:
        """Return when the last job is done."""
        if self._job is not None:
            self._job.result()
