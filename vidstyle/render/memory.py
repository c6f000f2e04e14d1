"""How many frames a GPU's memory holds at once."""

import numpy as np
import torch

from vidstyle.render.paint import Painter
from vidstyle.render.sizes import Sizes

MOST = 16
"""More frames at once make no kernel faster and delay the first result."""
USED_SHARE = 0.7
"""The share of the free memory that may be planned for; frames on their way and fragments need the rest."""


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
