"""Which colours the three primaries of a video are, and the matrices between such sets."""

from functools import cache

import numpy as np

from vidstyle.media.clip import BT2020, P3_D65, P3_DCI

BT709 = 1
CHROMATICITIES = {
    BT709: ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060)),
    BT2020: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    P3_DCI: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    P3_D65: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
}
"""CIE 1931 x and y of red, green and blue by their ITU-T H.273 number (table 2).

The white of P3_DCI is taken for D65's: a viewer is adapted to either.
"""
D65 = (0.3127, 0.3290)


@cache
def gamut_matrix(source: int, target: int) -> np.ndarray:
    """Return the (3, 3) float64 matrix that takes linear RGB of the primaries `source` to those of `target`."""
    return np.linalg.inv(_to_xyz(target)) @ _to_xyz(source)


def _to_xyz(primaries: int) -> np.ndarray:
    """SMPTE RP 177: the columns are red, green and blue in XYZ, scaled so that they add up to white."""
    columns = np.stack([_xyz(*point) for point in CHROMATICITIES[primaries]], axis=1)
    return columns * np.linalg.solve(columns, _xyz(*D65))


def _xyz(x: float, y: float) -> np.ndarray:
    return np.array([x / y, 1, (1 - x - y) / y])
