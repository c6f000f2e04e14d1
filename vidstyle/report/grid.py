"""Pictures side by side."""

from collections.abc import Sequence

import numpy as np


def grid(rows: Sequence[Sequence[np.ndarray]], gap: int = 4) -> np.ndarray:
    """Return rows of equally sized pictures, (h, w, 3) uint8 each, on white with `gap` pixels between them."""
    height, width = rows[0][0].shape[:2]
    columns = max(len(row) for row in rows)
    sheet = np.full((len(rows) * (height + gap) + gap, columns * (width + gap) + gap, 3), 255, np.uint8)
    for line, row in enumerate(rows):
        for column, picture in enumerate(row):
            top, left = gap + line * (height + gap), gap + column * (width + gap)
            sheet[top : top + height, left : left + width] = picture
    return sheet
