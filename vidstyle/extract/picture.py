"""A picture of an episode as it is learnt from."""

import numpy as np

from vidstyle.analysis.borders import Box
from vidstyle.analysis.measuring import Glance, grey_of_planes, grey_of_rgb
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


def glance(picture: Picture, box: Box | None) -> Glance:
    """Return what lies in `box` at a glance, from the coded samples wherever these can be looked at."""
    planes = picture.planes
    return Glance.of_rgb(_reduced(picture, box)) if planes is None else Glance.of_planes(planes, box)


def measured_on(picture: Picture, box: Box | None) -> np.ndarray:
    """Return the grey copy of what lies in `box` that measures are taken on, (h, w) uint8, from the same."""
    aspect, planes = float(picture.clip.upright_aspect), picture.planes
    return grey_of_rgb(_reduced(picture, box), aspect) if planes is None else grey_of_planes(planes, box, aspect)


def _reduced(picture: Picture, box: Box | None) -> np.ndarray:
    reduced = plain(picture.reduced(MEASURING_SHORT_SIDE), picture.clip)
    if box is None:
        return reduced
    scale = reduced.shape[1] / picture.clip.upright_size[0]
    return np.ascontiguousarray(box.scaled(scale).crop(reduced))
