"""A picture of an episode as it is learnt from."""

import numpy as np

from vidstyle.analysis.borders import Box
from vidstyle.analysis.measuring import Copies
from vidstyle.analysis.scale import square_pixels
from vidstyle.analysis.sharpness import MEASURING_SHORT_SIDE
from vidstyle.media.clip import Clip
from vidstyle.media.picture import Picture


def plain(rgb: np.ndarray, clip: Clip) -> np.ndarray:
    """Return a picture of `clip`, uint8 or uint16, as uint8 RGB in BT.709 and standard dynamic range."""
    if clip.colour.is_hdr or clip.colour.is_wide:
        from vidstyle.media.tone import seen_in_bt709

        return seen_in_bt709(rgb, clip)
    return rgb if rgb.dtype == np.uint8 else np.rint(rgb / np.float32(257)).astype(np.uint8)


def finished(picture: Picture, box: Box | None) -> np.ndarray:
    """Return what lies in `box` as (h, w, 3) uint8 RGB with square pixels, in BT.709 and standard dynamic range."""
    rgb = plain(picture.rgb, picture.clip)
    inside = np.ascontiguousarray(box.crop(rgb) if box else rgb)
    return square_pixels(inside, float(picture.clip.upright_aspect))


def copies(picture: Picture, box: Box | None) -> Copies:
    """Return the small copies of what lies in `box`, taken from the coded samples wherever these can be looked at."""
    aspect, planes = float(picture.clip.upright_aspect), picture.planes
    if planes is not None:
        return Copies.of_planes(planes, box, aspect)
    reduced = plain(picture.reduced(MEASURING_SHORT_SIDE), picture.clip)
    if box is not None:
        scale = reduced.shape[1] / picture.clip.upright_size[0]
        reduced = box.scaled(scale).crop(reduced)
    return Copies.of_rgb(reduced, aspect)
