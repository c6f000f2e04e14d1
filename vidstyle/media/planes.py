"""A decoded frame's own samples, where they lie: what can be measured without making RGB of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from vidstyle.media.clip import Clip

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

AS_THEY_ARE = ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p")


@dataclass(frozen=True)
class Planes:
    """Luma (h, w), and the differences to blue and red (h', w'), upright uint8; views, so nothing is copied.

    In the limited range luma runs from 16 to 235 and the differences from 16 to 240; in the full one from 0 to 255.
    """

    luma: np.ndarray
    blue: np.ndarray
    red: np.ndarray
    full_range: bool


def planes_of(frame: VideoFrame, clip: Clip) -> Planes | None:
    """Return the planes of a frame in standard dynamic range, brought to 8 bits; None where RGB must be made to see it.

    That is so for high dynamic range, wide gamut, RGB, transparency and frames of another size than the clip's.
    """
    if clip.colour.is_hdr or clip.colour.is_wide or (frame.width, frame.height) != (clip.width, clip.height):
        return None
    if frame.format.name not in AS_THEY_ARE:
        parts = frame.format.components
        if frame.format.is_rgb or len(parts) != 3 or frame.format.has_palette:
            return None
        frame = frame.reformat(format="yuv420p", threads=1)
    luma, blue, red = (_upright(_samples(plane), clip) for plane in frame.planes)
    return Planes(luma, blue, red, bool(clip.colour.full_range))


def _samples(plane: Any) -> np.ndarray:
    rows = np.frombuffer(plane, np.uint8)[: plane.line_size * plane.height].reshape(plane.height, plane.line_size)
    return rows[:, : plane.width]


def _upright(samples: np.ndarray, clip: Clip) -> np.ndarray:
    turned = np.rot90(samples, -clip.rotation // 90)
    if not clip.mirrored:
        return turned
    return turned[:, ::-1] if clip.rotation in (90, 270) else turned[::-1]
