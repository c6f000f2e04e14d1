"""Three threads in a row - source, work, sink - with short queues between them, and one beside them.

The only place that knows threads."""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")
Seen = TypeVar("Seen")

BOUND = 2
"""How many items may wait between two threads: enough to keep both busy, little enough for any length of video."""
WAKE_SECONDS = 0.5
"""How often a waiting thread looks up by itself, so that an interrupt is noticed on every system."""


class Stopped(Exception):
    """Another thread has failed, or the user has stopped the run."""


class _Halt:
    """The word to stop, given once, with the first error that caused it."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.given = False
        self.cause: BaseException | None = None

    def give(self, cause: BaseException | None = None) -> None:
        with self.changed:
            if not self.given:
                self.given, self.cause = True, cause
            self.changed.notify_all()


class _Link(Generic[Item]):
    """A queue of at most `bound` items between two threads."""

    def __init__(self, halt: _Halt, bound: int) -> None:
        self.halt, self.bound = halt, bound
        self.items: deque[Item] = deque()
        self.closed = False

    def put(self, item: Item) -> None:
        """Add an item once there is room; raises Stopped."""
        with self.halt.changed:
            self._wait(lambda: len(self.items) < self.bound)
            self.items.append(item)
            self.halt.changed.notify_all()

    def close(self) -> None:
        """Say that nothing more comes."""
        with self.halt.changed:
            self.closed = True
            self.halt.changed.notify_all()

    def __iter__(self) -> "_Link[Item]":
        return self

    def __next__(self) -> Item:
        with self.halt.changed:
            self._wait(lambda: bool(self.items) or self.closed)
            if not self.items:
                raise StopIteration
            item = self.items.popleft()
            self.halt.changed.notify_all()
            return item

    def _wait(self, ready: Callable[[], bool]) -> None:
        while not self.halt.given and not ready():
            self.halt.changed.wait(WAKE_SECONDS)
        if self.halt.given:
            raise Stopped


def flow(
    source: Iterable[Item],
    work: Callable[[Item], Made],
    sink: Callable[[Made], Seen],
    on_sunk: Callable[[Seen], None],
    bound: int = BOUND,
) -> None:
    """Pass each item of `source` through `work` into `sink`, each on a thread of its own, in order.

    `on_sunk` gets what `sink` returned, on the caller's thread. The first error on any thread, or an interrupt of the
    caller, stops all of them and is raised here; when this returns or raises, no thread is left.
    """
    with closing(flowing(source, work, sink, bound)) as all_of_it:
        for seen in all_of_it:
            on_sunk(seen)


def flowing(
    source: Iterable[Item], work: Callable[[Item], Made], sink: Callable[[Made], Seen], bound: int = BOUND
) -> Generator[Seen]:
    """Do what `flow` does and yield what `sink` returned; closing it stops the threads."""
    halt = _Halt()
    raw: _Link[Item] = _Link(halt, bound)
    made: _Link[Made] = _Link(halt, bound)
    sunk: _Link[Seen] = _Link(halt, bound)
    threads = [
        _thread(halt, "decode", source, raw),
        _thread(halt, "compute", map(work, raw), made),
        _thread(halt, "encode", map(sink, made), sunk),
    ]
    try:
        for thread in threads:
            thread.start()
        yield from sunk
    except Stopped:
        pass
    except BaseException as error:
        halt.give(error)
    finally:
        halt.give()
        for thread in threads:
            thread.join()
    if halt.cause is not None:
        raise halt.cause


def _thread(halt: _Halt, name: str, inlet: Iterable[Any], outlet: _Link[Any]) -> threading.Thread:
    """Return a thread that draws everything from `inlet` and puts it into `outlet`."""

    def pump() -> None:
        try:
            for item in inlet:
                outlet.put(item)
            outlet.close()
        except Stopped:
            pass
        except BaseException as error:
            halt.give(error)

    return threading.Thread(target=pump, name=f"vidstyle-{name}")


class SideThread:
    """A thread beside the row that does one job at a time while the row goes on; a context manager.

    An error of a job is raised by the next call of any method; leaving the block waits for the job under way.
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
