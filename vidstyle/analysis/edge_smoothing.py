"""Cartoon frames whose edges are blurred: what a discriminator must learn to tell from cartoons, so that edges count.

After CartoonGAN (Chen, Lai and Liu, 2018): a generator that draws no clear edges is then found out.
"""

import cv2
import numpy as np

LEAST_EDGE, CLEAR_EDGE = 100, 200
"""The two thresholds of Canny's edge detector, of gradients of uint8 grey."""
EDGE_PIXELS = 5
"""Side of the square that edges are widened by, and of the blur, OpenCV's Gaussian of this side: (1, 4, 6, 4, 1) / 16."""


def smooth_edges(frame: np.ndarray) -> np.ndarray:
    """Return a frame, (h, w, 3) uint8 RGB, blurred near its edges and unchanged elsewhere."""
    edges = cv2.Canny(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), LEAST_EDGE, CLEAR_EDGE)
    near = cv2.dilate(edges, np.ones((EDGE_PIXELS, EDGE_PIXELS), np.uint8)) > 0
    return np.where(near[..., None], cv2.GaussianBlur(frame, (EDGE_PIXELS, EDGE_PIXELS), 0), frame)
