"""How the host's memory is handed out while a run computes on the CPU."""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
"""Numbers of these parameters in glibc's malloc.h."""
_KEEP = {M_MMAP_MAX: 0, M_TRIM_THRESHOLD: 2**31 - 1, M_TOP_PAD: 1 << 28}
_USUAL = {M_MMAP_MAX: 65_536, M_TRIM_THRESHOLD: 128 << 10, M_TOP_PAD: 128 << 10}


@contextmanager
def large_buffers_kept(device: torch.device) -> Iterator[None]:
    """Let glibc keep large buffers for the next step instead of having the system clear new ones; nothing on other devices."""
    library = ctypes.CDLL(None) if sys.platform == "linux" and device.type == "cpu" else None
    if library is None or not hasattr(library, "mallopt"):
        yield
        return
    _set(library, _KEEP)
    try:
        yield
    finally:
        _set(library, _USUAL)


def _set(library: ctypes.CDLL, options: dict[int, int]) -> None:
    for parameter, value in options.items():
        library.mallopt(parameter, value)
