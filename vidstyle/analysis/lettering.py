"""Credits and title cards: letters in lines, on a flat ground or laid in white over a picture."""

import cv2
import numpy as np

LEAST_GROUND, GROUND_TOLERANCE = 0.6, 12
"""Share of pixels of one tone, give or take so much, that a flat ground has."""
LEAST_CONTRAST = 40
WHITE = 228
LEAST_LETTERS, MOST_LETTERS = 5, 600
"""Fewer are an accident, more are a texture."""
LEAST_LETTERS_OVER_PICTURE, LEAST_IN_LINE_OVER_PICTURE = 9, 6
LETTER_HEIGHTS = (0.015, 0.2)
"""Least and largest height of a letter, as a share of the picture's."""
LONGEST_LETTER = 6.0
"""Width over height: joined letters count as one."""
LETTER_SHARE = 0.6
"""Least share of what stands out from a flat ground that is letters in lines."""
LEAST_IN_LINE = 3
SAME_LINE, SAME_HEIGHT, WORD_GAP = 0.25, 0.5, 1.5
"""How far neighbours in a line lie apart at most: their feet, heights, and the gap between them, in heights of a letter."""
LARGEST_FILL = 0.72
"""Mean share of their boxes that letters over a picture fill: lamps and berries, which may hang in lines, fill more."""
LEAST_VARIETY = 0.1
"""Deviation of the widths or heights of letters over their mean."""


def is_lettering(grey: np.ndarray) -> bool:
    """Whether (h, w) uint8 grey shows a title or credits: little but letters on a flat ground, or lines of white ones."""
    counts = np.bincount(grey[::3, ::3].ravel(), minlength=256)
    near = np.convolve(counts, np.ones(2 * GROUND_TOLERANCE + 1, np.int64), "same")
    tone = int(near.argmax())
    if near[tone] >= LEAST_GROUND * counts.sum():
        standing_out = cv2.absdiff(grey, np.full_like(grey, tone)) > LEAST_CONTRAST
        letters = _letters_in_lines(standing_out, LEAST_IN_LINE)
        if _is_page(letters, int(standing_out.sum())):
            return True
    letters = _letters_in_lines(grey >= WHITE, LEAST_IN_LINE_OVER_PICTURE)
    return len(letters) >= LEAST_LETTERS_OVER_PICTURE and float(_fills(letters).mean()) <= LARGEST_FILL


def _is_page(letters: np.ndarray, standing_out: int) -> bool:
    """Whether letters are most of what stands out, and not all alike as lamps on a string are."""
    if len(letters) < LEAST_LETTERS or letters[:, cv2.CC_STAT_AREA].sum() < LETTER_SHARE * standing_out:
        return False
    sizes = letters[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]]
    return bool((sizes.std(axis=0) > LEAST_VARIETY * sizes.mean(axis=0)).any())


def _fills(parts: np.ndarray) -> np.ndarray:
    return parts[:, cv2.CC_STAT_AREA] / (parts[:, cv2.CC_STAT_WIDTH] * parts[:, cv2.CC_STAT_HEIGHT])


def _letters_in_lines(mask: np.ndarray, least_in_line: int) -> np.ndarray:
    """Return the parts of (h, w) bool that stand in lines of so many or more, as letters do: rows as OpenCV gives them."""
    parts = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)[2][1:]
    least, largest = (share * mask.shape[0] for share in LETTER_HEIGHTS)
    heights, widths = parts[:, cv2.CC_STAT_HEIGHT], parts[:, cv2.CC_STAT_WIDTH]
    letters = (heights >= least) & (heights <= largest) & (widths <= LONGEST_LETTER * heights)
    if not LEAST_LETTERS <= np.count_nonzero(letters) <= MOST_LETTERS:
        return parts[:0]
    parts, widths, heights = parts[letters], widths[letters], heights[letters].astype(float)
    feet = parts[:, cv2.CC_STAT_TOP] + heights
    left = parts[:, cv2.CC_STAT_LEFT].astype(float)
    right = left + widths
    height = np.minimum(heights[:, None], heights)
    gap = np.maximum(left[:, None], left) - np.minimum(right[:, None], right)
    beside = np.abs(feet[:, None] - feet) <= 1 + SAME_LINE * height
    beside &= np.abs(heights[:, None] - heights) < SAME_HEIGHT * np.maximum(heights[:, None], heights)
    beside &= (gap < WORD_GAP * height) & (gap > -0.5 * height)
    in_line = _sizes_of_groups(beside) >= least_in_line
    return parts[in_line]


def _sizes_of_groups(beside: np.ndarray) -> np.ndarray:
    """Return for each of n things how many are joined to it, itself among them, through (n, n) bool of neighbours."""
    group = np.arange(len(beside))
    for _ in range(len(beside)):
        joined = np.where(beside | np.eye(len(beside), dtype=bool), group, len(beside)).min(axis=1)
        if (joined == group).all():
            break
        group = joined
    return np.bincount(group, minlength=len(beside))[group]
