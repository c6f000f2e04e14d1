"""Contact sheets: pictures in a grid, with captions, and the pick of evenly spaced pictures to show."""

from collections.abc import Sequence

import numpy as np

_HEIGHT, _BASELINE, _INK = 28, 19, (40, 40, 40)
_LARGEST, _THICKNESS = 0.55, 1
"""Scale and stroke of the largest letters, as OpenCV counts them; a long caption is written smaller."""


def evenly_spaced(count: int, most: int) -> list[int]:
    """Return at most `most` of the numbers 0 to `count` - 1, evenly spaced, the first and the last among them."""
    return sorted({round(number) for number in np.linspace(0, count - 1, min(count, most)).tolist()})


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


def add_captions(sheet: np.ndarray, captions: Sequence[str]) -> np.ndarray:
    """Return `sheet`, (h, w, 3) uint8, under a line of captions that share its width equally."""
    import cv2  # here, since training makes contact sheets and runs without OpenCV

    line = np.full((_HEIGHT, sheet.shape[1], 3), 255, np.uint8)
    width = sheet.shape[1] // len(captions)
    for column, text in enumerate(captions):
        (needed, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, _LARGEST, _THICKNESS)
        scale = _LARGEST * min(1.0, (width - 8) / needed)
        left = column * width + (width - round(needed * scale / _LARGEST)) // 2
        cv2.putText(line, text, (left, _BASELINE), cv2.FONT_HERSHEY_SIMPLEX, scale, _INK, _THICKNESS, cv2.LINE_AA)
    return np.concatenate([line, sheet])
