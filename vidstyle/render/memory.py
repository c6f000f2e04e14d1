"""Memory: how many frames a GPU holds at once, and how the host's stays as it is however long the video."""

import ctypes
import sys

import numpy as np
import torch

from vidstyle.render.paint import Painter
from vidstyle.render.sizes import Sizes

MOST = 16
"""More frames at once make no kernel faster and delay the first result."""
USED_SHARE = 0.7
"""The share of the free memory that may be planned for; frames on their way and fragments need the rest."""

LARGE_BYTES = 4 << 20
M_MMAP_THRESHOLD = -3
"""The number of that parameter in glibc's malloc.h."""


def return_large_buffers() -> None:
    """Let glibc give buffers of LARGE_BYTES and more back to the system at once.

    Left to itself it raises that limit to the largest buffer it saw; frames that pass between threads then scatter over
    its heaps, which grow. Other systems are left alone.
    """
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "mallopt"):
        library.mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)


def batch_that_fits(painter: Painter, sizes: Sizes) -> int:
    """Return the power of two of frames that fit the free memory, found by painting one black frame on the GPU."""
    width, height = sizes.source
    torch.cuda.reset_peak_memory_stats(painter.device)
    before = torch.cuda.memory_allocated(painter.device)
    painter.paint(np.zeros((1, height, width, 3), np.uint8), sizes, deep=False, anew=True)
    frame_bytes = torch.cuda.max_memory_allocated(painter.device) - before
    torch.cuda.empty_cache()
    free_bytes, _ = torch.cuda.mem_get_info(painter.device)
    fitting = int(USED_SHARE * free_bytes / max(1, frame_bytes))
    return 1 << (min(max(fitting, 1), MOST).bit_length() - 1)
