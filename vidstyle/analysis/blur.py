"""A blur: a straight motion, a lens out of focus or an even softness, and what it does to each frequency."""

from dataclasses import dataclass

import numpy as np

MOTION, DEFOCUS, SOFTNESS = "motion", "defocus", "softness"
_CHORDS = 64


@dataclass(frozen=True)
class Blur:
    """A blur that is the same everywhere in a picture.

    `size` in pixels is the length of a uniform straight motion, the radius of a lens's disc, or the standard deviation of a
    Gaussian softness. `angle` in degrees, in [0, 180), is the direction of a motion: 0 is to the right, 90 down.
    """

    kind: str
    size: float
    angle: float = 0.0

    @property
    def reach(self) -> int:
        """How far the light of a pixel is spread, pixels."""
        return int(np.ceil({MOTION: 0.5, DEFOCUS: 1.0, SOFTNESS: 3.0}[self.kind] * self.size))

    @property
    def direction(self) -> tuple[float, float]:
        """The unit vector (x, y) of a motion."""
        return float(np.cos(np.deg2rad(self.angle))), float(np.sin(np.deg2rad(self.angle)))

    def response(self, across: np.ndarray, down: np.ndarray) -> np.ndarray:
        """Return the optical transfer function, real, at frequencies in cycles per pixel that broadcast together."""
        if self.kind == MOTION:
            x, y = self.direction
            return np.sinc(self.size * (x * across + y * down))
        frequency = np.hypot(across, down)
        if self.kind == DEFOCUS:
            return _disc(self.size * frequency)
        return np.exp(-2 * (np.pi * self.size * frequency) ** 2)

    def scaled(self, factor: float) -> "Blur":
        """Return the blur of a picture that is scaled by `factor`."""
        return Blur(self.kind, self.size * factor, self.angle)

    def record(self) -> dict[str, str | float]:
        """Return the blur as JSON-ready values, sizes in pixels and angles in degrees."""
        if self.kind == MOTION:
            return {"kind": self.kind, "length": round(self.size, 2), "angle": round(self.angle, 1)}
        return {"kind": self.kind, "radius" if self.kind == DEFOCUS else "sigma": round(self.size, 2)}


def _disc(radius_frequency: np.ndarray) -> np.ndarray:
    """Return the Fourier transform of a disc of unit weight, 2 J1(z) / z with z = 2 pi r f: the mean over its chords."""
    samples = np.linspace(0, float(np.max(radius_frequency)) + 1e-9, 1024)
    chords = (np.arange(_CHORDS) + 0.5) / _CHORDS
    weights = np.sqrt(1 - chords**2)
    values = np.cos(2 * np.pi * samples[:, None] * chords) @ weights / weights.sum()
    return np.interp(radius_frequency, samples, values)
