"""What is settled for an episode before it is read, from a few of its frames: what of them is picture, and how it is woven."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vidstyle.analysis.borders import Box, find_borders
from vidstyle.analysis.combing import count_combed
from vidstyle.errors import InputError
from vidstyle.extract.observe import plain
from vidstyle.extract.settings import ExtractSettings
from vidstyle.media.clip import Clip
from vidstyle.media.deinterlace import MATCH
from vidstyle.media.keyframes import key_frame_runs, key_frames

GLANCES = 12
STRETCHES, STRETCH_FRAMES = 6, 9
COMBED_SHARE = 0.03
"""Share of moving frames from which on combs are no accident."""
ENOUGH_MOVING_FRAMES = 8
LEAST_SHARE_LEFT = 0.5


@dataclass(frozen=True)
class Survey:
    """The box of a frame that is learnt from, None for all of it, and the reader's mode of deinterlacing."""

    box: Box | None
    deinterlace: str


def survey(clip: Clip, settings: ExtractSettings) -> Survey:
    """Look at an episode, here and there in the asked range; raises InputError where masks leave too little of it."""
    first = settings.start or 0.0
    last = settings.end or (float(clip.duration) if clip.duration else first + GLANCES)
    times = np.linspace(first, last, GLANCES, endpoint=False).tolist()
    return Survey(_box(clip, times, settings), _deinterlacing(clip, times[:: GLANCES // STRETCHES], settings))


def _box(clip: Clip, times: Sequence[float], settings: ExtractSettings) -> Box | None:
    box = find_borders(plain(one.rgb, clip) for one in key_frames(clip, times)) if settings.crop_borders else None
    if not settings.mask:
        return box
    whole = box or Box(0, 0, *clip.upright_size)
    left = whole.beside([_mask(text) for text in settings.mask])
    if left.area < LEAST_SHARE_LEFT * whole.area:
        raise InputError(f"The masks leave less than half of the picture of {clip.path}. Give smaller ones, or fewer.")
    return left


def _mask(text: str) -> Box:
    left, top, width, height = map(int, text.split(","))
    return Box(left, top, left + width, top + height)


def _deinterlacing(clip: Clip, times: Sequence[float], settings: ExtractSettings) -> str:
    """Return what the settings say, and where they leave it open, what the frames show.

    Flags are often wrong: telecined film is flagged as interlaced or not at all, and progressive video as interlaced.
    """
    if settings.deinterlace != "auto":
        return {"on": MATCH, "off": "off"}[settings.deinterlace]
    counts = np.zeros(2, int)
    for pictures in key_frame_runs(clip, times, STRETCH_FRAMES):
        counts += count_combed([planes.luma for one in pictures if (planes := one.planes)])
    moving, combed = counts
    if combed > COMBED_SHARE * moving:
        return MATCH
    return "off" if moving >= ENOUGH_MOVING_FRAMES else "auto"
