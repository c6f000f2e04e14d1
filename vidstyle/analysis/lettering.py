"""Credits and title cards: lines of letters on a flat ground, or in white over a picture."""

import cv2
import numpy as np

LEAST_GROUND, GROUND_TOLERANCE = 0.6, 12
"""Share of pixels that a flat ground has of one tone, and by how much tones may differ from it."""
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
"""Least share that letters in lines have of all that stands out from a flat ground."""
LEAST_IN_LINE = 3
SAME_LINE, SAME_HEIGHT, WORD_GAP = 0.25, 0.5, 1.5
"""How much neighbours in a line differ at most in their feet and heights, and the largest gap, in heights of a letter."""
LARGEST_FILL = 0.72
"""Mean share of their boxes that letters over a picture fill at most: lamps and berries in a line fill more."""
LEAST_VARIETY = 0.1
"""Deviation of the widths or heights of letters, as a share of their mean."""


def is_lettering(grey: np.ndarray) -> bool:
    """Whether (h, w) uint8 grey shows a title or credits: hardly more than letters on a flat ground, or lines of white ones."""
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
    """Whether most of what stands out is letters, which are not all alike as lamps on a string are."""
    if len(letters) < LEAST_LETTERS or letters[:, cv2.CC_STAT_AREA].sum() < LETTER_SHARE * standing_out:
        return False
    sizes = letters[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]]
    return bool((sizes.std(axis=0) > LEAST_VARIETY * sizes.mean(axis=0)).any())


def _fills(parts: np.ndarray) -> np.ndarray:
    """Return the share of its box that each part fills."""
    return parts[:, cv2.CC_STAT_AREA] / (parts[:, cv2.CC_STAT_WIDTH] * parts[:, cv2.CC_STAT_HEIGHT])


def _letters_in_lines(mask: np.ndarray, least_in_line: int) -> np.ndarray:
    """Return the parts of (h, w) bool that stand in lines of so many or more, as letters do, as rows of OpenCV's statistics."""
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
    """Return for each of n items the size of its group; `beside`, (n, n) bool, holds which items are neighbours."""
    group = np.arange(len(beside))
    for _ in range(len(beside)):
        joined = np.where(beside | np.eye(len(beside), dtype=bool), group, len(beside)).min(axis=1)
        if (joined == group).all():
            break
        group = joined
    return np.bincount(group, minlength=len(beside))[group]
