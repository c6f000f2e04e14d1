"""How glibc hands out the host's memory; other systems are left alone."""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD, M_MMAP_MAX, M_ARENA_MAX = -1, -2, -3, -4, -8
"""Numbers of these parameters in glibc's malloc.h."""
_KEEP = {M_MMAP_MAX: 0, M_TRIM_THRESHOLD: 2**31 - 1, M_TOP_PAD: 1 << 28}
_SETTLED = {M_MMAP_MAX: 65_536, M_MMAP_THRESHOLD: 32 << 20, M_TRIM_THRESHOLD: 64 << 20, M_TOP_PAD: 128 << 10}
"""What glibc comes to by itself where large buffers come and go; it stops adapting once any of these is set."""


def share_one_heap() -> None:
    """Let threads begun from now on take their memory from one heap, in which what one of them frees serves the others.

    Left to itself glibc gives threads heaps of their own, over which frames that pass between threads scatter. Buffers
    above 32 MiB go back to the system when they are freed, whatever was set before.
    """
    _set({M_ARENA_MAX: 1, **_SETTLED})


@contextmanager
def large_buffers_kept(device: torch.device) -> Iterator[None]:
    """Keep large buffers for the next step instead of having the system clear new ones; nothing on other devices."""
    if device.type != "cpu":
        yield
        return
    _set(_KEEP)
    try:
        yield
    finally:
        _set(_SETTLED)


def _set(options: dict[int, int]) -> None:
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "mallopt"):
        for parameter, value in options.items():
            library.mallopt(parameter, value)
