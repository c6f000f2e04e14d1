"""A photo flattened into a simple drawing, without any network: smooth shapes, firm outlines, clear colours.

A generator that is first fitted to these drawings begins with calm surfaces and with lines where the photo has edges.
Three steps make one. The bilateral filter (Tomasi and Manduchi, 1998) calms surfaces, and L0 gradient minimization (Xu et
al., 2011) makes shapes of one colour out of them. Colours become a little clearer. Ink is drawn on the dark side of edges by a
difference of Gaussians, as Winnemöller et al. (2006) draw lines; where there would be too many lines, as in grass and hair,
they are fainter.

All distances are in pixels of a picture with a short side of about 288.
"""

import cv2
import numpy as np

BILATERAL_PASSES, BILATERAL_PIXELS, BILATERAL_LEVELS = 2, 7, 40
STEP_PRICE = 0.03
"""What a pixel with any step of colour costs beside squared changes of [0, 1]: the weight lambda of the L0 paper."""
STEP_PRICE_PIXELS, FULL_PRICE_DEVIATION, LEAST_PRICE = 12, 0.08, 0.2
"""Deviation of the Gaussian that sees the neighbourhood, the contrast in it from which on the price is full, and its least share.

Where a neighbourhood has little contrast, as in clouds and far mountains, a step of one price would cost more than it shows.
"""
FIRST_COUPLING, COUPLING_GROWTH, LAST_COUPLING = 20, 2.0, 1e4
"""The L0 paper's beta over lambda at the start, kappa and largest beta: how steps and picture are forced to agree."""
SATURATION, CONTRAST = 1.5, 1.1
"""Gain of a*b* for colours of medium chroma, and of L* around 50."""
NEUTRAL_CHROMA, VIVID_CHROMA = (5, 20), (50, 95)
"""Between these chromas the gain of a*b* sets in, and ends: grey stays grey, and what is vivid does not become garish."""
SKIN_HUE, SKIN_HUE_WIDTH, SKIN_GAIN = 55, 25, 0.5
"""Hue of skin in degrees of a*b*, the width around it, and the part of the gain that is left there."""
INK_NEAR, INK_FAR, INK_OFFSET = 0.9, 1.8, 0.08
"""Deviations of the two Gaussians whose difference is ink, and what keeps it small in the dark, where it is divided."""
INK_RANGE = (0.025, 0.075)
"""Differences from which on there is ink, and full ink."""
INK_STRENGTH = 0.85
"""How much full ink darkens."""
LINE_INK, LINE_PIXELS = 0.2, 20
"""Ink above `LINE_INK` that is connected over fewer pixels than these is a speck, and is left out."""
CROWDED_PIXELS, CROWDED_INK, CROWDED_STRENGTH = 10, (0.14, 0.30), 0.3
"""Mean ink in a neighbourhood of this deviation between which lines fade, and what is left of them."""


def flatten(photo: np.ndarray) -> np.ndarray:
    """Return the drawing, (h, w, 3) uint8, of a photo, (h, w, 3) uint8 RGB; the same for the same photo."""
    smooth = photo
    for _ in range(BILATERAL_PASSES):
        smooth = cv2.bilateralFilter(smooth, BILATERAL_PIXELS, BILATERAL_LEVELS, BILATERAL_PIXELS)
    flat = l0_smoothing(smooth.astype(np.float32) / 255)
    lines = ink_lines(cv2.cvtColor(smooth, cv2.COLOR_RGB2GRAY))
    drawn = clear_colours(flat) * (1 - INK_STRENGTH * lines[..., None])
    return np.rint(drawn * 255).astype(np.uint8)


def l0_smoothing(rgb: np.ndarray) -> np.ndarray:
    """Return the picture near (h, w, 3) float32 in [0, 1] with the fewest pixels that differ from a neighbour; same range.

    Algorithm 1 of Xu et al. (2011): steps and picture are solved for in turn. The picture's equation is solved by cosine
    transforms, so that the border is reflected rather than joined to the opposite side. The price of a step is `step_price`.
    """
    height, width = rgb.shape[:2]
    given = cv2.copyMakeBorder(rgb, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
    down, across = (2 - 2 * np.cos(np.pi * np.arange(side, dtype=np.float32) / side) for side in given.shape[:2])
    laplacian = down[:, None] + across
    price = step_price(given)
    flat, coupling = given, FIRST_COUPLING * STEP_PRICE
    while coupling < LAST_COUPLING:
        wanted = given + coupling * _divergence(*_large_steps(flat, price / coupling))
        scale = 1 / (1 + coupling * laplacian)
        planes = [cv2.idct(cv2.dct(np.ascontiguousarray(plane)) * scale) for plane in np.moveaxis(wanted, 2, 0)]
        flat = np.stack(planes, 2)
        coupling *= COUPLING_GROWTH
    return np.clip(flat[:height, :width], 0, 1)


def step_price(rgb: np.ndarray) -> np.ndarray:
    """Return what a step costs at each pixel of (h, w, 3) float32 in [0, 1]: (h, w, 1), less where there is little contrast."""
    grey = rgb.mean(2)
    mean, mean_square = (cv2.GaussianBlur(values, (0, 0), STEP_PRICE_PIXELS) for values in (grey, grey * grey))
    variance = mean_square - mean * mean
    return STEP_PRICE * np.clip(variance / FULL_PRICE_DEVIATION**2, LEAST_PRICE, 1)[..., None]


def _large_steps(picture: np.ndarray, least: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the differences to the pixel below, and to the right, without those of pixels whose squares sum below `least`."""
    down = np.diff(picture, axis=0, append=picture[-1:])
    across = np.diff(picture, axis=1, append=picture[:, -1:])
    is_large = (down * down + across * across).sum(2, keepdims=True) >= least
    return down * is_large, across * is_large


def _divergence(down: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Return the negative divergence of differences whose last row, and column, are 0: the transpose of taking them."""
    result = -(down + across)
    result[1:] += down[:-1]
    result[:, 1:] += across[:, :-1]
    return result


def clear_colours(rgb: np.ndarray) -> np.ndarray:
    """Return (h, w, 3) float32 sRGB in [0, 1] with clearer colours and a little more contrast, same range.

    Grey, what is vivid already, and skin change least.
    """
    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    hue = np.degrees(np.arctan2(lab[..., 2], lab[..., 1]))
    gain = (SATURATION - 1) * _step(chroma, *NEUTRAL_CHROMA) * (1 - _step(chroma, *VIVID_CHROMA))
    gain *= 1 - (1 - SKIN_GAIN) * np.exp(-(((hue - SKIN_HUE) / SKIN_HUE_WIDTH) ** 2))
    lab[..., 1:] *= 1 + gain[..., None]
    lab[..., 0] = np.clip(50 + (lab[..., 0] - 50) * CONTRAST, 0, 100)
    return np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), 0, 1)


def ink_lines(grey: np.ndarray) -> np.ndarray:
    """Return how much ink there is, (h, w) float32 in [0, 1], on the dark side of the edges of (h, w) uint8 grey."""
    levels = grey.astype(np.float32) / 255
    far, near = (cv2.GaussianBlur(levels, (0, 0), sigma) for sigma in (INK_FAR, INK_NEAR))
    least, full = INK_RANGE
    ink = np.clip(((far - near) / (far + INK_OFFSET) - least) / (full - least), 0, 1)
    crowded = _step(cv2.GaussianBlur(ink, (0, 0), CROWDED_PIXELS), *CROWDED_INK)
    return ink * _around_lines(ink) * (1 - (1 - CROWDED_STRENGTH) * crowded)


def _around_lines(ink: np.ndarray) -> np.ndarray:
    """Return 1 on lines and in the pixel around them, which holds their soft edge, and 0 on specks; (h, w) uint8."""
    _, part, statistics, _ = cv2.connectedComponentsWithStats((ink > LINE_INK).astype(np.uint8), connectivity=8)
    is_line = statistics[:, cv2.CC_STAT_AREA] >= LINE_PIXELS
    is_line[0] = False
    return cv2.dilate(is_line[part].astype(np.uint8), np.ones((3, 3), np.uint8))


def _step(values: np.ndarray, start: float, stop: float) -> np.ndarray:
    """Return 0 below `start`, 1 above `stop`, and a smooth curve of degree 3 between them."""
    share = np.clip((values - start) / (stop - start), 0, 1)
    return share * share * (3 - 2 * share)
