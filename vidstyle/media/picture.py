"""One picture of a video on its way out of the decoder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from vidstyle.media.background import BLACK, Rgb
from vidstyle.media.clip import Clip
from vidstyle.media.planes import Planes, planes_of
from vidstyle.media.upright import upright_rgb

if TYPE_CHECKING:
    from av.video.frame import VideoFrame


@dataclass(frozen=True)
class Picture:
    """A decoded frame of `clip` with its pts and duration in ticks, converted only as far as it is asked for.

    `aspect` is the sample aspect that the stream stated for it, None where it states none.
    """

    frame: VideoFrame
    clip: Clip
    pts: int
    duration: int
    aspect: Fraction | None = None
    background: Rgb = BLACK

    @cached_property
    def rgb(self) -> np.ndarray:
        """Upright RGB of the clip's size: a reading that goes on from a position skips most pictures."""
        return upright_rgb(self.frame, self.clip, self.aspect, self.background)

    @property
    def planes(self) -> Planes | None:
        """The frame's own samples, None where they cannot be looked at without making RGB of them."""
        return planes_of(self.frame, self.clip)

    def reduced(self, short_side: int) -> np.ndarray:
        """Return upright RGB with a short side of `short_side` pixels, or of the clip's size where that is no larger."""
        scale = short_side / min(self.clip.width, self.clip.height)
        if scale >= 1:
            return self.rgb
        size = [round(side * scale) for side in (self.clip.width, self.clip.height)]
        return upright_rgb(self.frame, replace(self.clip, width=size[0], height=size[1]), self.aspect, self.background)
