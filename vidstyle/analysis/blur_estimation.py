"""Whether a picture is blurred as a whole, and how."""

import cv2
import numpy as np

from vidstyle.analysis.blur import DEFOCUS, MOTION, SOFTNESS, Blur
from vidstyle.analysis.blur_edges import edges_agree
from vidstyle.analysis.blur_spectrum import PATCH, spectral_blur
from vidstyle.analysis.noise import noise_deviation

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
