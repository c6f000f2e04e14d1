"""Undoing a known blur: of all pictures that would look like the blurred one, the one of least total variation."""

import cv2
import numpy as np

from vidstyle.analysis.blur import Blur
from vidstyle.analysis.damage import ringing
from vidstyle.analysis.light import noise_deviation

ITERATIONS = 20
DATA_PENALTY, GRADIENT_PENALTY = 0.3, 0.02
MARGIN = 2
CHROMA_SCALE = 0.5
"""Video stores colour at half the size, and the eye needs no more."""
LEAST_SMOOTHNESS, MOST_SMOOTHNESS = 3e-4, 1e-2
"""Weight of the total variation beside that of fidelity, for values in [0, 1]; the least suits noise of 1/255."""
LEAST_STEP, RINGING_POWER = 2.0, 1.5
"""Ringing falls with about this root of the smoothness."""


def deconvolve(rgb: np.ndarray, blur: Blur) -> np.ndarray:
    """Return (h, w, 3) uint8 with `blur` undone in luma and, at half the size, in chroma.

    The result is as smooth as the picture's noise requires. Where its luma rings, it is made smoother until it does not.
    """
    luma, *chroma = cv2.split(cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb))
    restored, smoothness = _without_ringing(luma.astype(np.float32), blur)
    planes = [_to_bytes(restored), *(_chroma(plane, blur, smoothness) for plane in chroma)]
    return cv2.cvtColor(cv2.merge(planes), cv2.COLOR_YCrCb2RGB)


def _without_ringing(luma: np.ndarray, blur: Blur) -> tuple[np.ndarray, float]:
    """Return the restored luma, in [0, 1], and the smoothness that it needed."""
    smoothness = min(LEAST_SMOOTHNESS * max(1.0, noise_deviation(luma) ** 2), MOST_SMOOTHNESS)
    while True:
        restored = np.clip(deconvolve_plane(luma / 255, blur, smoothness), 0, 1)
        excess = ringing(luma, restored * 255, blur)
        if excess <= 1 or smoothness >= MOST_SMOOTHNESS:
            return restored, smoothness
        smoothness = min(smoothness * max(LEAST_STEP, excess**RINGING_POWER), MOST_SMOOTHNESS)


def _chroma(plane: np.ndarray, blur: Blur, smoothness: float) -> np.ndarray:
    """Return the plane plus the change that deconvolution makes to its half-sized copy."""
    height, width = plane.shape
    small = cv2.resize(plane, None, fx=CHROMA_SCALE, fy=CHROMA_SCALE, interpolation=cv2.INTER_AREA) / np.float32(255)
    change = deconvolve_plane(small, blur.scaled(CHROMA_SCALE), smoothness) - small
    return _to_bytes(plane / np.float32(255) + cv2.resize(change, (width, height), interpolation=cv2.INTER_LINEAR))


def _to_bytes(plane: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(plane, 0, 1) * 255).astype(np.uint8)


def deconvolve_plane(seen: np.ndarray, blur: Blur, smoothness: float) -> np.ndarray:
    """Return (h, w) float32 with `blur` undone, not clipped to the [0, 1] of `seen`.

    Minimises |M (K x - y)|^2 / 2 + smoothness * TV(x) with alternating directions (ADMM). It solves for x in the Fourier
    domain, as Wang et al. (2008) do. M leaves the pixels beyond the border free, whose light was blurred into the picture
    (Almeida and Figueiredo 2013). So the border sends no waves into the picture.
    """
    margin = blur.reach + MARGIN
    rows, columns = (cv2.getOptimalDFTSize(side + 2 * margin) for side in seen.shape)
    bottom, right = rows - seen.shape[0] - margin, columns - seen.shape[1] - margin
    padded = cv2.copyMakeBorder(seen, margin, bottom, margin, right, cv2.BORDER_REFLECT)
    inside = cv2.copyMakeBorder(np.ones_like(seen), margin, bottom, margin, right, cv2.BORDER_CONSTANT, value=0)
    blurring, inverse = _filters(blur, rows, columns)
    picture, blurred, blurred_dual = padded, padded, np.zeros_like(padded)
    across_dual = down_dual = np.zeros_like(padded)
    for _ in range(ITERATIONS):
        across, down = _next(picture, 1) - picture + across_dual, _next(picture, 0) - picture + down_dual
        steepness = cv2.magnitude(across, down)
        kept = np.maximum(1 - smoothness / GRADIENT_PENALTY / np.maximum(steepness, 1e-9), 0)
        across_dual, down_dual = across * (1 - kept), down * (1 - kept)
        again = _filtered(cv2.dft(picture), blurring) + blurred_dual
        blurred = (inside * padded + DATA_PENALTY * again) / (inside + DATA_PENALTY)
        blurred_dual = again - blurred
        across, down = across * (2 * kept - 1), down * (2 * kept - 1)
        divergence = _previous(across, 1) - across + _previous(down, 0) - down
        wanted = cv2.mulSpectrums(cv2.dft(DATA_PENALTY * (blurred - blurred_dual)), blurring, 0)
        picture = _filtered(wanted + cv2.dft(GRADIENT_PENALTY * divergence), inverse)
    return picture[margin : margin + seen.shape[0], margin : margin + seen.shape[1]]


def _filters(blur: Blur, rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the packed spectra of the blur and of the filter that solves for the picture."""
    down, across = np.fft.fftfreq(rows)[:, None], np.fft.rfftfreq(columns)[None]
    response = blur.response(across, down)
    laplacian = 4 - 2 * np.cos(2 * np.pi * across) - 2 * np.cos(2 * np.pi * down)
    inverse = 1 / (DATA_PENALTY * response**2 + GRADIENT_PENALTY * laplacian)
    return _packed(response, rows, columns), _packed(inverse, rows, columns)


def _packed(spectrum: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Return the half spectrum of a real kernel as OpenCV packs it."""
    return cv2.dft(np.fft.irfft2(spectrum, s=(rows, columns)).astype(np.float32))


def _filtered(spectrum: np.ndarray, by: np.ndarray) -> np.ndarray:
    return cv2.dft(cv2.mulSpectrums(spectrum, by, 0), flags=cv2.DFT_INVERSE | cv2.DFT_SCALE)


def _next(plane: np.ndarray, axis: int) -> np.ndarray:
    return np.roll(plane, -1, axis)


def _previous(plane: np.ndarray, axis: int) -> np.ndarray:
    return np.roll(plane, 1, axis)
