"""The picture that a sheet of styles shows: a photo, or one frame of a video."""

from collections import deque
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch

from vidstyle.errors import InputError, SettingsError
from vidstyle.media.clip import Clip
from vidstyle.media.file_kinds.kinds import Kind, kind_of
from vidstyle.media.images import read_image
from vidstyle.media.probe import probe
from vidstyle.media.reading_options import parse_colour
from vidstyle.pixels import to_device, to_host
from vidstyle.render.colour_plan import PLAIN, ColourPlan, plan_colour
from vidstyle.render.frame_source import reader_from
from vidstyle.render.settings import RenderSettings


@dataclass(frozen=True)
class SheetSource:
    """A picture to paint, (height, width, 3) uint8 or uint16, its colours, and the width of a pixel in its heights."""

    pixels: np.ndarray
    colours: ColourPlan
    pixel_aspect: Fraction

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]

    def as_shown(self) -> np.ndarray:
        """Return the picture as the networks see it, (height, width, 3) uint8."""
        signals = to_device(self.pixels[None], torch.device("cpu"))
        return to_host(self.colours.for_networks(signals), sixteen_bit=False)[0]


def read_sheet_source(path: Path, at_seconds: float | None, settings: RenderSettings) -> SheetSource:
    """Return a photo, or the frame of a video at a time, by default in its middle.

    The painting of a frame stays in the colours that networks see, which are those of a picture file. Raises InputError for
    what cannot be read, and SettingsError for a time in a photo.
    """
    if kind_of(path) is Kind.PICTURE:
        if at_seconds is not None:
            raise SettingsError(f"{path} is a picture, which has no seconds. Leave --at out.")
        return SheetSource(read_image(path, parse_colour(settings.background)), PLAIN, Fraction(1))
    clip = probe(path)
    if at_seconds is not None and clip.duration is not None and at_seconds >= clip.duration:
        raise InputError(f"{path} ends at {float(clip.duration):.2f} s. Give an earlier second with --at.")
    start = float(clip.duration or 0) / 2 if at_seconds is None else at_seconds
    frame = _frame_at(clip, start, settings)
    return SheetSource(frame, replace(plan_colour(clip, settings.hdr), goes_back=False), clip.upright_aspect)


def _frame_at(clip: Clip, start: float, settings: RenderSettings) -> np.ndarray:
    """Return the first frame from a second on, or the last of all where none begins so late; raises InputError."""
    back = 0.0
    while True:
        begin = max(0.0, start - back)
        with reader_from(None, clip, replace(settings, start=begin)) as reader:
            try:
                pictures = reader.pictures()
                return next(pictures).rgb if not back else deque(pictures, maxlen=1)[0].rgb
            except InputError:
                if begin == 0:
                    raise
        back = max(1.0, 2 * back)
