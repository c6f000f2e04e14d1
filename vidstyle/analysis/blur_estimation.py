"""Estimating the blur of a frame from its edges and its spectrum."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from vidstyle.analysis.blur import DEFOCUS, MOTION, SOFTNESS, Blur
from vidstyle.analysis.light import noise_deviation

CREST = {DEFOCUS: 2 / np.pi, SOFTNESS: 1 / np.sqrt(2 * np.pi)}
"""The slope of a step of height 1 at its crest after a blur of size 1."""
SMOOTHING = 0.6
LEAST_CONTRAST, LEAST_STEP = 24.0, 2.0
"""Of 255: above the noise of compression and grain."""
LEAST_EDGES = 100
"""Pixels on edges below which nothing can be said."""
STEEP_PERCENTILE = 90
TOO_STEEP, LARGEST_STEEP_SHARE = 1.3, 0.0003
"""A slope beyond what a motion can leave, and the share of pixels that may have it."""
MOST_ROUND = {DEFOCUS: (0.95, 0.16), SOFTNESS: (1.2, 0.0)}
"""How many times the crest of the blur steep edges may reach, and how much more for each pixel of its size: thin lines
look steeper, beside what is left of them, the wider the blur."""
MOST_ALIKE = 0.8
"""Edges across a motion are flatter than those along it, by this factor or more."""


def edges_agree(grey: np.ndarray, blur: Blur, sure: bool) -> bool:
    """Return whether the edges of (h, w) float32 grey of 255 are as flat everywhere as `blur` makes them.

    `sure`: the motion is known without them, so that none need be steeper along its way than across it.
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
    """Return how steep the steep edges are at their crests, per pixel and relative to the contrast within the blur's reach.

    None where too few edges are clear.
    """
    around, beside = (np.ones((2 * radius + 1, 2 * radius + 1), np.uint8) for radius in (blur.reach + 2, 2))
    contrast = cv2.dilate(smooth, around) - cv2.erode(smooth, around)
    crest = (contrast >= LEAST_CONTRAST) & (slope >= LEAST_STEP) & (slope == cv2.dilate(slope, beside))
    if np.count_nonzero(crest) < LEAST_EDGES:
        return None
    return float(np.percentile(slope[crest] / contrast[crest], STEEP_PERCENTILE))


PATCH = 64
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
SHOWS_SOMETHING = 3.0
"""Power above that of noise from which on a patch counts."""
NEAR_LENGTH, NEAR_ARC = 1.01, 2.5
LEAST_LENGTH = 1e-6
UNDERSTATED = 0.25
"""By how much the best motion of the table is too short, pixels: the patch's window fills the zeros from one side."""


@dataclass(frozen=True)
class _Table:
    """Every blur in question, and the part of its log response, scaled to length 1, that no smooth spectrum explains."""

    blurs: tuple[Blur, ...]
    remainders: np.ndarray
    frequencies: np.ndarray
    weights: np.ndarray
    smooth: np.ndarray

    def remainder(self, log_spectrum: np.ndarray) -> np.ndarray:
        """Return what is left of (..., PATCH, PATCH // 2 + 1) after its smooth part, (..., n), of length 1."""
        values = log_spectrum[..., self.frequencies] * self.weights
        values = values - (values @ self.smooth) @ self.smooth.T
        return values / np.maximum(np.linalg.norm(values, axis=-1, keepdims=True), LEAST_LENGTH)


def spectral_blur(grey: np.ndarray, noise: float) -> tuple[Blur, float]:
    """Return the likeliest motion or defocus of (h, w) float32 grey of 255, and how like it the spectrum is, in [-1, 1].

    `noise` is the standard deviation of the picture's noise. Both sides are at least PATCH.
    """
    table = _table()
    likeness = table.remainders @ table.remainder(_log_spectrum(grey, max(noise, LEAST_NOISE)))
    best = int(likeness.argmax())
    blur = table.blurs[best]
    return (_between(table.blurs, likeness, blur) if blur.kind == MOTION else blur), float(likeness[best])


def _log_spectrum(grey: np.ndarray, noise: float) -> np.ndarray:
    """Return the mean log power of overlapping patches, (PATCH, PATCH // 2 + 1); patches of nothing but noise hardly count."""
    window = np.hanning(PATCH + 1)[:PATCH].astype(np.float32)
    window = window[:, None] * window
    patches = np.array(
        [grey[y : y + PATCH, x : x + PATCH] for y in _places(grey.shape[0]) for x in _places(grey.shape[1])]
    )
    power = np.abs(np.fft.rfft2((patches - patches.mean((1, 2), keepdims=True)) * window)) ** 2
    floor = noise**2 * float((window**2).sum())
    content = power.mean((1, 2)) / (SHOWS_SOMETHING * floor)
    return np.tensordot(content / (1 + content), np.log(power + floor), 1)


def _places(side: int) -> np.ndarray:
    return np.linspace(0, side - PATCH, max(1, -(-2 * (side - PATCH) // PATCH) + 1)).astype(int)


def _between(blurs: tuple[Blur, ...], likeness: np.ndarray, best: Blur) -> Blur:
    """Return the motion at the top of the quadratic surface through the likeness of those near the best one."""
    size, angle = (np.array([getattr(one, name) for one in blurs]) for name in ("size", "angle"))
    longer, turned = size - best.size, np.deg2rad((angle - best.angle + 90) % 180 - 90) * best.size
    near = (np.abs(longer) <= NEAR_LENGTH) & (np.abs(turned) <= NEAR_ARC) & [one.kind == MOTION for one in blurs]
    u, v = turned[near], longer[near]
    terms = np.stack([np.ones_like(u), u, v, u * u, v * v, u * v], 1)
    _, du, dv, uu, vv, uv = np.linalg.lstsq(terms, likeness[near], rcond=None)[0]
    curvature = np.array([[2 * uu, uv], [uv, 2 * vv]])
    if uu >= 0 or np.linalg.det(curvature) <= 0:
        return best
    arc, length = np.clip(-np.linalg.solve(curvature, [du, dv]), (-NEAR_ARC, -NEAR_LENGTH), (NEAR_ARC, NEAR_LENGTH))
    return Blur(MOTION, float(best.size + length + UNDERSTATED), float(best.angle + np.rad2deg(arc / best.size)) % 180)


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
    logs = np.array([np.log(one.response(across, down) ** 2 + NOISE_SHARE) for one in blurs])
    return _Table(blurs, table.remainder(logs).astype(np.float32), used, weights, smooth)


def _motions() -> list[Blur]:
    turns = [(length, max(12, int(np.ceil(np.pi * length / ARC_PIXELS)))) for length in LENGTHS]
    return [Blur(MOTION, float(length), 180 * turn / count) for length, count in turns for turn in range(count)]


def _smooth_spectra(across: np.ndarray, down: np.ndarray) -> np.ndarray:
    """Return what pictures' own log spectra are made of, (n, terms): falling, wider one way than another, upright lines."""
    radius, turn = np.hypot(across, down), np.arctan2(down, across)
    terms = [np.ones_like(radius), np.log(radius), radius, radius**2]
    for lobes in (2, 4):
        for lobe in (np.cos(lobes * turn), np.sin(lobes * turn)):
            terms += [lobe, lobe * radius, lobe * radius**2]
    terms += [np.exp(-((axis / 0.02) ** 2)) for axis in (across, down)]
    return np.stack(terms, 1)


LEAST_LIKENESS = {MOTION: 0.5, DEFOCUS: 0.6, SOFTNESS: 0.6}
"""Below it the zeros of the spectrum can be the picture's own."""
SURE_LIKENESS = 0.6


def estimate_blur(rgb: np.ndarray) -> Blur | None:
    """Return the blur that lies over the whole of (h, w, 3) uint8, or None where there is none or not everywhere the same.

    A sharp part, be it a small one, speaks against it: text, grain, a screentone, the background behind what moves.
    """
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    if min(grey.shape) < PATCH:
        return None
    blur, likeness = spectral_blur(grey, noise_deviation(grey))
    agreed = likeness >= LEAST_LIKENESS[blur.kind] and edges_agree(grey, blur, likeness >= SURE_LIKENESS)
    return blur if agreed else None
