"""Line plots as pictures, drawn with OpenCV, whose drawing functions belong to this module."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from vidstyle.media.images import write_image

_COLOURS = ((31, 119, 180), (214, 39, 40), (44, 160, 44), (148, 103, 189), (255, 127, 14), (23, 190, 207))
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 150, 20, 50
_INK, _PALE = (60, 60, 60), (225, 225, 225)

Curve = tuple[Sequence[float], Sequence[float]]


def can_plot() -> bool:
    """Return whether OpenCV is installed."""
    from importlib.util import find_spec

    return find_spec("cv2") is not None


def plot_lines(path: Path, curves: Mapping[str, Curve], x_label: str, size: tuple[int, int] = (1000, 560)) -> None:
    """Draw `curves`, (x values, y values) by name, smoothed over the raw values, into a PNG of `size`; raises OutputError.

    Their names stand beside the plot.
    """
    sheet = np.full((size[1], size[0], 3), 255, np.uint8)
    limits = _limits(curves)
    _axes(sheet, limits, x_label)
    for number, (name, (horizontal, vertical)) in enumerate(curves.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        faded = tuple(255 - (255 - part) // 4 for part in colour)
        _line(sheet, limits, horizontal, vertical, faded, 1)
        _line(sheet, limits, horizontal, _smooth(vertical), colour, 2)
        _text(sheet, name, (size[0] - _RIGHT + 20, _TOP + 22 * (number + 1)), colour)
    write_image(path, sheet)


def _limits(curves: Mapping[str, Curve]) -> tuple[float, float, float, float]:
    horizontal = np.concatenate([np.asarray(curve[0], float) for curve in curves.values()])
    vertical = np.concatenate([np.asarray(curve[1], float) for curve in curves.values()])
    low, high = min(0.0, float(vertical.min())), float(np.quantile(vertical, 0.995)) * 1.05
    return (
        float(horizontal.min()),
        max(float(horizontal.max()), float(horizontal.min()) + 1),
        low,
        max(high, low + 1e-6),
    )


def _place(sheet: np.ndarray, limits: tuple[float, float, float, float], x: np.ndarray, y: np.ndarray) -> np.ndarray:
    left, right, low, high = limits
    width, height = sheet.shape[1] - _LEFT - _RIGHT, sheet.shape[0] - _TOP - _BOTTOM
    across = _LEFT + (x - left) / (right - left) * width
    down = _TOP + (high - np.minimum(y, high)) / (high - low) * height
    return np.stack([across, down], axis=1)


def _line(
    sheet: np.ndarray,
    limits: tuple[float, float, float, float],
    horizontal: Sequence[float],
    vertical: Sequence[float],
    colour: tuple[int, ...],
    thickness: int,
) -> None:
    import cv2

    points = _place(sheet, limits, np.asarray(horizontal, float), np.asarray(vertical, float))
    sixteenths = np.round(points * 16).astype(np.int32)
    cv2.polylines(sheet, [sixteenths], False, colour, thickness, cv2.LINE_AA, 4)


def _smooth(values: Sequence[float]) -> list[float]:
    window = max(1, len(values) // 25)
    padded = np.pad(np.asarray(values, float), (window // 2, window - 1 - window // 2), mode="edge")
    return list(np.convolve(padded, np.full(window, 1 / window), mode="valid"))


def _axes(sheet: np.ndarray, limits: tuple[float, float, float, float], x_label: str) -> None:
    import cv2

    left, right, low, high = limits
    for part in np.linspace(0, 1, 6):
        x, y = left + part * (right - left), low + part * (high - low)
        ((across, down),) = _place(sheet, limits, np.array([x]), np.array([y])).round().astype(int).tolist()
        cv2.line(sheet, (_LEFT, down), (sheet.shape[1] - _RIGHT, down), _PALE, 1)
        _text(sheet, f"{y:.2f}", (14, down + 5), _INK)
        _text(sheet, f"{x:,.0f}", (across - 18, sheet.shape[0] - _BOTTOM + 20), _INK)
    _text(sheet, x_label, (sheet.shape[1] // 2, sheet.shape[0] - 10), _INK)


def _text(sheet: np.ndarray, text: str, place: tuple[int, int], colour: tuple[int, ...]) -> None:
    import cv2

    cv2.putText(sheet, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, 1, cv2.LINE_AA)
