"""Drawing as in a cartoon: flat fills with dark outlines, in floating coordinates, smoothed by oversampling."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike

Colour = tuple[int, int, int]
Points = np.ndarray
INK: Colour = (38, 27, 40)
OVERSAMPLING = 3
SHIFT = 4


@dataclass
class Canvas:
    """A picture `width` x `height`, drawn larger and made small at the end; `ink` is the width of outlines."""

    width: int
    height: int
    ink: float = 1.9

    def __post_init__(self) -> None:
        self.pixels = np.zeros((self.height * OVERSAMPLING, self.width * OVERSAMPLING, 3), np.uint8)

    def finished(self) -> np.ndarray:
        """Return the (height, width, 3) uint8 RGB picture."""
        return cv2.resize(self.pixels, (self.width, self.height), interpolation=cv2.INTER_AREA)

    def gradient(self, top: Colour, bottom: Colour, bands: int) -> None:
        """Fill everything with flat bands of colour from top to bottom."""
        share = np.floor(np.linspace(0, bands - 1e-6, self.pixels.shape[0])) / max(bands - 1, 1)
        rows = np.array(top) + (np.array(bottom) - np.array(top)) * share[:, None]
        self.pixels[:] = np.rint(rows).astype(np.uint8)[:, None]

    def shape(
        self, points: ArrayLike, fill: Colour | None, line: Colour | None = INK, ink: float | None = None
    ) -> None:
        """Draw a closed outline through points (n, 2), filled."""
        fixed = [np.rint(np.asarray(points) * OVERSAMPLING * 2**SHIFT).astype(np.int32)]
        if fill is not None:
            cv2.fillPoly(self.pixels, fixed, fill, cv2.LINE_AA, SHIFT)
        if line is not None:
            cv2.polylines(self.pixels, fixed, True, line, self._thick(ink), cv2.LINE_AA, SHIFT)

    def stroke(self, points: ArrayLike, line: Colour = INK, ink: float | None = None) -> None:
        """Draw an open line through points (n, 2)."""
        fixed = [np.rint(np.asarray(points) * OVERSAMPLING * 2**SHIFT).astype(np.int32)]
        cv2.polylines(self.pixels, fixed, False, line, self._thick(ink), cv2.LINE_AA, SHIFT)

    def _thick(self, ink: float | None) -> int:
        return max(1, round((self.ink if ink is None else ink) * OVERSAMPLING))


def ellipse(
    x: float, y: float, across: float, down: float, turn: float = 0.0, start: float = 0.0, end: float = 360.0
) -> Points:
    """Return the outline of an ellipse with half axes `across` and `down`, turned clockwise by degrees."""
    angle, lean = np.radians(np.linspace(start, end, 60)), np.radians(turn)
    along, over = across * np.cos(angle), down * np.sin(angle)
    return np.stack((x + along * np.cos(lean) - over * np.sin(lean), y + along * np.sin(lean) + over * np.cos(lean)), 1)


def curve(*points: tuple[float, float], closed: bool = True) -> Points:
    """Return a smooth line through points (Catmull-Rom)."""
    given = np.array(points, float)
    padded = (
        np.concatenate((given[-1:], given, given[:2])) if closed else np.concatenate((given[:1], given, given[-1:]))
    )
    before, first, second, after = padded[:-3], padded[1:-2], padded[2:-1], padded[3:]
    t = np.linspace(0, 1, 12, endpoint=False)[:, None, None]
    along = 0.5 * (
        2 * first + (second - before) * t + (2 * before - 5 * first + 4 * second - after) * t**2
        + (3 * first - before - 3 * second + after) * t**3
    )  # fmt: skip
    line = along.transpose(1, 0, 2).reshape(-1, 2)
    return line if closed else np.concatenate((line, given[-1:]))


def placed(points: ArrayLike, x: float, y: float, size: float = 1.0, turn: float = 0.0) -> Points:
    """Return points scaled, turned clockwise by degrees about the origin, then moved to (x, y)."""
    angle = np.radians(turn)
    rotation = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return np.asarray(points) @ rotation * size + (x, y)


def darker(colour: Colour, share: float = 0.78) -> Colour:
    """Return the colour in shade."""
    return tuple(round(value * share) for value in colour)  # type: ignore[return-value]
