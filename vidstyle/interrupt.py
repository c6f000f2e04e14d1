"""Signals that ask a run to stop, and how it meets them: Ctrl-C (SIGINT) and a request to terminate (SIGTERM)."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass
class StopRequest:
    """Whether the user has asked to stop."""

    asked: bool = False


@contextmanager
def stop_on_signal() -> Iterator[StopRequest]:
    """Yield a request that SIGINT or SIGTERM turns true, so that the work in hand can be finished and kept first.

    A second signal interrupts at once. On another than the main thread, which alone gets signals, the request stays false.
    """
    request = StopRequest()

    def ask(number: int, frame: FrameType | None) -> None:
        if request.asked:
            raise KeyboardInterrupt
        request.asked = True

    with _handled_by(ask, signal.SIGINT, signal.SIGTERM):
        yield request


@contextmanager
def interrupt_on_terminate() -> Iterator[None]:
    """Let SIGTERM interrupt the block as Ctrl-C does, so that it cleans up."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    with _handled_by(interrupt, signal.SIGTERM):
        yield


@contextmanager
def keep_terminate_handler() -> Iterator[None]:
    """Restore the handler of SIGTERM after a block in which a library, as Ray does, puts its own in its place."""
    with _handled_by(None, signal.SIGTERM):
        yield


@contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], None] | None, *numbers: signal.Signals) -> Iterator[None]:
    """Let `handler`, where there is one, meet the signals, and restore theirs afterwards; only on the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        for number in numbers if handler else ():
            signal.signal(number, handler)
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
