"""Settings of glibc's allocator, which decide whether freed memory is reused, kept or given back to the system.

Other C libraries, and other systems than Linux, are left as they are.
"""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD, M_MMAP_MAX, M_ARENA_MAX = -1, -2, -3, -4, -8
"""The parameters of `mallopt`, as numbered in glibc's malloc.h."""
_KEEP_EVERYTHING = {M_MMAP_MAX: 0, M_TRIM_THRESHOLD: 2**31 - 1, M_TOP_PAD: 1 << 28}
_ADAPTED = {M_MMAP_MAX: 65_536, M_MMAP_THRESHOLD: 32 << 20, M_TRIM_THRESHOLD: 64 << 20, M_TOP_PAD: 128 << 10}
"""The values that glibc's adaptive malloc converges to with large buffers; setting any parameter disables adaptation."""


def share_one_heap() -> None:
    """Let all threads started from now on allocate from one heap, so that memory freed by one serves the others.

    By default glibc gives each thread a heap of its own, and frames passed between threads scatter over all of them.
    Buffers above 32 MiB return to the system when they are freed. This replaces earlier settings.
    """
    _set_malloc_options({M_ARENA_MAX: 1, **_ADAPTED})


@contextmanager
def keep_large_buffers(device: torch.device) -> Iterator[None]:
    """Keep freed large buffers for the next step, as the system would have to clear new ones.

    Does nothing where `device` is not the CPU.
    """
    if device.type != "cpu":
        yield
        return
    _set_malloc_options(_KEEP_EVERYTHING)
    try:
        yield
    finally:
        _set_malloc_options(_ADAPTED)


def _set_malloc_options(options: dict[int, int]) -> None:
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "mallopt"):
        for parameter, value in options.items():
            library.mallopt(parameter, value)
