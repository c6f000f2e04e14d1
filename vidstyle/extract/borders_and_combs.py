"""What a few frames of an episode show before it is read: black borders, and combs of interlacing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vidstyle.analysis.borders import Box, find_borders
from vidstyle.analysis.combing import count_combed
from vidstyle.errors import InputError
from vidstyle.extract.observe import to_bt709
from vidstyle.extract.settings import ExtractSettings
from vidstyle.media.clip import Clip
from vidstyle.media.deinterlace import MATCH
from vidstyle.media.keyframes import key_frame_runs, key_frames

GLANCES = 12
"""Frames, spread over an episode, that are searched for borders."""
STRETCHES, STRETCH_FRAMES = 6, 9
"""Places, and frames in a row at each of them, that are searched for combs."""
COMBED_SHARE = 0.03
"""Share of moving frames from which on combs are no accident."""
ENOUGH_MOVING_FRAMES = 8
LEAST_SHARE_LEFT = 0.5


@dataclass(frozen=True)
class BordersAndCombs:
    """The box of a frame that is learnt from, None for all of it, and the reader's mode of deinterlacing."""

    box: Box | None
    deinterlace: str


def find_borders_and_combs(clip: Clip, settings: ExtractSettings) -> BordersAndCombs:
    """Signature at frames of an episode, spread over the asked range; raises InputError where masks leave too little of it."""
    first = settings.start or 0.0
    last = settings.end or (float(clip.duration) if clip.duration else first + GLANCES)
    times = np.linspace(first, last, GLANCES, endpoint=False).tolist()
    box = _box(clip, times, settings)
    return BordersAndCombs(box, _deinterlacing(clip, times[:: GLANCES // STRETCHES], settings))


def _box(clip: Clip, times: Sequence[float], settings: ExtractSettings) -> Box | None:
    box = None
    if settings.crop_borders:
        box = find_borders(to_bt709(picture.rgb, clip) for picture in key_frames(clip, times))
    if not settings.mask:
        return box
    whole = box or Box(0, 0, *clip.upright_size)
    left = whole.beside([_mask_box(text) for text in settings.mask])
    if left.area < LEAST_SHARE_LEFT * whole.area:
        raise InputError(f"The masks leave less than half of the picture of {clip.path}. Give smaller ones, or fewer.")
    return left


def _mask_box(text: str) -> Box:
    left, top, width, height = map(int, text.split(","))
    return Box(left, top, left + width, top + height)


def _deinterlacing(clip: Clip, times: Sequence[float], settings: ExtractSettings) -> str:
    """Return the mode that the settings ask for; where they say `auto`, the mode that fits what the frames show.

    Flags in files are often wrong: telecined film is flagged as interlaced or not at all, and progressive video as
    interlaced.
    """
    if settings.deinterlace != "auto":
        return {"on": MATCH, "off": "off"}[settings.deinterlace]
    counts = np.zeros(2, int)
    for pictures in key_frame_runs(clip, times, STRETCH_FRAMES):
        counts += count_combed([planes.luma for picture in pictures if (planes := picture.planes)])
    moving, combed = counts
    if combed > COMBED_SHARE * moving:
        return MATCH
    return "off" if moving >= ENOUGH_MOVING_FRAMES else "auto"
