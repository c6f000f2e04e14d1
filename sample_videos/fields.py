"""Fields of noise that tile, looked up at any place, and blends between colours."""

import cv2
import numpy as np


def fractal(cells: int, slope: float, seed: int, coarsest: float = 1.0) -> np.ndarray:
    """Return (cells, cells) float32 noise that tiles, mean 0, deviation 1, its amplitudes falling as frequency^-slope."""
    spectrum = np.fft.rfft2(np.random.default_rng(seed).standard_normal((cells, cells)))
    frequency = np.hypot(np.fft.fftfreq(cells)[:, None], np.fft.rfftfreq(cells)[None]) * cells
    falling = np.where(frequency >= coarsest, np.maximum(frequency, 1.0) ** -slope, 0.0)
    noise = np.fft.irfft2(spectrum * falling, (cells, cells))
    return ((noise - noise.mean()) / noise.std()).astype(np.float32)


def smooth(low: float, high: float, values: np.ndarray) -> np.ndarray:
    """Return 0 below `low`, 1 above `high`, and a smooth step between."""
    share = np.clip((values - low) / (high - low), 0, 1)
    return share * share * (3 - 2 * share)


def sample(field: np.ndarray, x: np.ndarray, z: np.ndarray, cell: float) -> np.ndarray:
    """Return a tiling field, its rows along z, at places in metres."""
    size = field.shape[0]
    wide = (-(-x.size // 1024), 1024)
    rows, columns = (np.resize(_within(place / cell, size).astype(np.float32), wide) for place in (z, x))
    values = cv2.remap(field, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    return values.reshape(-1)[: x.size].reshape(x.shape)


def _within(places: np.ndarray, size: int) -> np.ndarray:
    """Return places from 0 to `size` on a field that tiles; numpy's own remainder takes several times as long."""
    return places - size * np.floor(places / size)


def mixed(low: list[float], high: list[float], share: np.ndarray) -> np.ndarray:
    """Return the colours between two."""
    return np.array(low, np.float32) + np.subtract(high, low).astype(np.float32) * share[..., None]


def blend(below: np.ndarray, above: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return `above` laid over `below`."""
    return below + (above - below) * np.clip(share, 0, 1)[..., None]
