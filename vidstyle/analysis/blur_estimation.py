"""Estimating the blur of a frame from its spectrum, and confirming the estimate on its edges.

A blur that lies over a whole picture leaves zeros in its spectrum. They are compared with a table of the blurs that can be
told apart. The likeliest blur counts only where no edge is steeper than it leaves them.
"""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from vidstyle.analysis.blur import DEFOCUS, MOTION, SOFTNESS, Blur
from vidstyle.analysis.light import noise_deviation

LEAST_LIKENESS = {MOTION: 0.5, DEFOCUS: 0.6, SOFTNESS: 0.6}
"""Below it the zeros of the spectrum can be the picture's own."""
SURE_LIKENESS = 0.6

PATCH = 64
"""Side of the patches whose spectra are averaged, pixels."""
LENGTHS = np.arange(3.0, 18.01, 0.5)
RADII = np.arange(2.0, 8.01, 0.25)
DEVIATIONS = np.arange(1.0, 4.01, 0.125)
LEAST_FREQUENCY = 0.04
"""Cycles per pixel: below it the patch's own window smears the spectrum."""
NOISE_SHARE = 0.02
"""Noise fills the zeros of a blur up to about this share of its power."""
ARC_PIXELS = 1.2
"""How far the ends of two neighbouring motions of the table lie apart."""
LEAST_NOISE = 0.3
"""The standard deviation that rounding to whole numbers alone makes, of 255."""
POWER_OVER_NOISE = 3.0
"""Power, as a multiple of that of noise, from which on a patch counts."""
NEAR_LENGTH, NEAR_ARC = 1.01, 2.5
LEAST_NORM = 1e-6
UNDERSTATED = 0.25
"""By how much the best motion of the table is too short, pixels: the patch's window fills the zeros from one side."""

CREST = {DEFOCUS: 2 / np.pi, SOFTNESS: 1 / np.sqrt(2 * np.pi)}
"""The slope of a step of height 1 at its crest after a blur of size 1."""
SMOOTHING = 0.6
LEAST_CONTRAST, LEAST_STEP = 24.0, 2.0
"""Of 255: above the noise of compression and grain."""
LEAST_EDGES = 100
"""Pixels on edges below which nothing can be said."""
STEEP_PERCENTILE = 90
TOO_STEEP, LARGEST_STEEP_SHARE = 1.3, 0.0003
"""A slope that no motion leaves, as a multiple of the steepest it leaves, and the share of pixels that may have it."""
MOST_ROUND = {DEFOCUS: (0.95, 0.16), SOFTNESS: (1.2, 0.0)}
"""How many times the crest of the blur steep edges may reach, and how much more for each pixel of its size.

Thin lines look steeper, beside what is left of them, the wider the blur.
"""
MOST_ALIKE = 0.8
"""Edges across a motion are flatter than those along it, by this factor or more."""


def estimate_blur(rgb: np.ndarray) -> Blur | None:
    """Return the blur that lies over the whole of (h, w, 3) uint8, or None where there is none or not everywhere the same.

    Even a small sharp part rules a blur out: text, grain, a screentone, or the background behind what moves.
    """
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    if min(grey.shape) < PATCH:
        return None
    blur, likeness = _likeliest_blur(grey, noise_deviation(grey))
    confirmed = likeness >= LEAST_LIKENESS[blur.kind] and _edges_agree(grey, blur, likeness >= SURE_LIKENESS)
    return blur if confirmed else None


def _likeliest_blur(grey: np.ndarray, noise: float) -> tuple[Blur, float]:
    """Return the blur whose spectrum is most like that of (h, w) float32 grey of 255, and the likeness in [-1, 1].

    `noise` is the standard deviation of the picture's noise. Both sides are at least PATCH.
    """
    table = _table()
    likeness = table.remainders @ table.remainder(_log_spectrum(grey, max(noise, LEAST_NOISE)))
    best = int(likeness.argmax())
    blur = table.blurs[best]
    if blur.kind == MOTION:
        blur = _between_motions(table.blurs, likeness, blur)
    return blur, float(likeness[best])


def _log_spectrum(grey: np.ndarray, noise: float) -> np.ndarray:
    """Return the weighted mean log power of overlapping patches, (PATCH, PATCH // 2 + 1); those of mere noise hardly count."""
    window = np.hanning(PATCH + 1)[:PATCH].astype(np.float32)
    window = window[:, None] * window
    tops, lefts = (_patch_starts(side) for side in grey.shape)
    patches = np.array([grey[top : top + PATCH, left : left + PATCH] for top in tops for left in lefts])
    power = np.abs(np.fft.rfft2((patches - patches.mean((1, 2), keepdims=True)) * window)) ** 2
    floor = noise**2 * float((window**2).sum())
    content = power.mean((1, 2)) / (POWER_OVER_NOISE * floor)
    return np.tensordot(content / (1 + content), np.log(power + floor), 1)


def _patch_starts(side: int) -> np.ndarray:
    """Return where patches begin that cover `side` pixels and overlap by half or more."""
    return np.linspace(0, side - PATCH, max(1, -(-2 * (side - PATCH) // PATCH) + 1)).astype(int)


def _between_motions(blurs: tuple[Blur, ...], likeness: np.ndarray, best: Blur) -> Blur:
    """Return the motion at the top of the quadratic surface through the likeness of those near the best one."""
    size, angle = (np.array([getattr(blur, name) for blur in blurs]) for name in ("size", "angle"))
    longer, turned = size - best.size, np.deg2rad((angle - best.angle + 90) % 180 - 90) * best.size
    near = (np.abs(longer) <= NEAR_LENGTH) & (np.abs(turned) <= NEAR_ARC) & [blur.kind == MOTION for blur in blurs]
    u, v = turned[near], longer[near]
    terms = np.stack([np.ones_like(u), u, v, u * u, v * v, u * v], 1)
    _, du, dv, uu, vv, uv = np.linalg.lstsq(terms, likeness[near], rcond=None)[0]
    curvature = np.array([[2 * uu, uv], [uv, 2 * vv]])
    if uu >= 0 or np.linalg.det(curvature) <= 0:
        return best
    arc, length = np.clip(-np.linalg.solve(curvature, [du, dv]), (-NEAR_ARC, -NEAR_LENGTH), (NEAR_ARC, NEAR_LENGTH))
    return Blur(MOTION, float(best.size + length + UNDERSTATED), float(best.angle + np.rad2deg(arc / best.size)) % 180)


@dataclass(frozen=True)
class _Table:
    """Every blur that is considered, with the part of its log response that no smooth spectrum explains, of length 1."""

    blurs: tuple[Blur, ...]
    remainders: np.ndarray
    frequencies: np.ndarray
    weights: np.ndarray
    smooth: np.ndarray

    def remainder(self, log_spectrum: np.ndarray) -> np.ndarray:
        """Return what is left of (..., PATCH, PATCH // 2 + 1) after its smooth part, (..., n), of length 1."""
        values = log_spectrum[..., self.frequencies] * self.weights
        values = values - (values @ self.smooth) @ self.smooth.T
        return values / np.maximum(np.linalg.norm(values, axis=-1, keepdims=True), LEAST_NORM)


@lru_cache(maxsize=1)
def _table() -> _Table:
    across, down = np.meshgrid(np.fft.rfftfreq(PATCH), np.fft.fftfreq(PATCH))
    radius = np.hypot(across, down)
    used = (radius > LEAST_FREQUENCY) & (radius < 0.5)
    weights = np.where((across == 0) | (across == 0.5), 1.0, np.sqrt(2))[used]
    smooth = np.linalg.qr(_smooth_spectra(across[used], down[used]) * weights[:, None])[0]
    round_blurs = [
        Blur(kind, float(size)) for kind, sizes in ((DEFOCUS, RADII), (SOFTNESS, DEVIATIONS)) for size in sizes
    ]
    blurs = (*_motions(), *round_blurs)
    table = _Table(blurs, np.empty(0), used, weights, smooth)
    logs = np.array([np.log(blur.response(across, down) ** 2 + NOISE_SHARE) for blur in blurs])
    return _Table(blurs, table.remainder(logs).astype(np.float32), used, weights, smooth)


def _motions() -> list[Blur]:
    turns = [(length, max(12, int(np.ceil(np.pi * length / ARC_PIXELS)))) for length in LENGTHS]
    return [Blur(MOTION, float(length), 180 * turn / count) for length, count in turns for turn in range(count)]


def _smooth_spectra(across: np.ndarray, down: np.ndarray) -> np.ndarray:
    """Return the terms that make up pictures' own log spectra, (n, terms).

    They fall with the frequency, they may be wider in one direction than another, and they have upright lines.
    """
    radius, turn = np.hypot(across, down), np.arctan2(down, across)
    terms = [np.ones_like(radius), np.log(radius), radius, radius**2]
    for lobes in (2, 4):
        for lobe in (np.cos(lobes * turn), np.sin(lobes * turn)):
            terms += [lobe, lobe * radius, lobe * radius**2]
    terms += [np.exp(-((axis / 0.02) ** 2)) for axis in (across, down)]
    return np.stack(terms, 1)


def _edges_agree(grey: np.ndarray, blur: Blur, sure: bool) -> bool:
    """Return whether the edges of (h, w) float32 grey of 255 are as flat everywhere as `blur` makes them.

    Edges along a motion stay steeper than those across it; where the motion is `sure`, they need not show that.
    """
    smooth = cv2.GaussianBlur(grey, (0, 0), SMOOTHING)
    across, down = (cv2.Sobel(smooth, -1, x, 1 - x, ksize=1, scale=0.5) for x in (1, 0))
    if blur.kind != MOTION:
        steep, (most, more) = _steepness(smooth, cv2.magnitude(across, down), blur), MOST_ROUND[blur.kind]
        return steep is not None and steep * blur.size <= (most + more * blur.size) * CREST[blur.kind]
    x, y = blur.direction
    along = np.abs(across * x + down * y)
    low, high = np.percentile(grey, (0.5, 99.5))
    if float((along * blur.size > TOO_STEEP * (high - low)).mean()) > LARGEST_STEEP_SHARE:
        return False
    flat, steep = (_steepness(smooth, slope, blur) for slope in (along, np.abs(across * y - down * x)))
    return flat is not None and (sure or (steep is not None and flat <= MOST_ALIKE * steep))


def _steepness(smooth: np.ndarray, slope: np.ndarray, blur: Blur) -> float | None:
    """Return how steep the steep edges are at their crests, per pixel, relative to the contrast within the blur's reach.

    None where too few edges are clear.
    """
    around, beside = (np.ones((2 * radius + 1, 2 * radius + 1), np.uint8) for radius in (blur.reach + 2, 2))
    contrast = cv2.dilate(smooth, around) - cv2.erode(smooth, around)
    crest = (contrast >= LEAST_CONTRAST) & (slope >= LEAST_STEP) & (slope == cv2.dilate(slope, beside))
    if np.count_nonzero(crest) < LEAST_EDGES:
        return None
    return float(np.percentile(slope[crest] / contrast[crest], STEEP_PERCENTILE))
