"""What a video of high dynamic range or wide gamut looks like in BT.709, where the networks live, and the way back.

Light is compressed by one curve on the brightest of the three components: straight up to the knee, then a
hyperbola that meets it with the same slope and ends at white. The other components follow in proportion, so hues stay.
The BT.2390 curve is flat at its end, so its inverse is steep beyond use there; this one's is gentle everywhere.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from vidstyle.media.clip import BT2020, HLG, PQ, UNSPECIFIED, Clip, Colour
from vidstyle.media.gamut import BT709, gamut_matrix
from vidstyle.media.hdr import StaticMetadata
from vidstyle.media.transfer import HLG_NITS, SDR_WHITE_NITS, to_light, to_signal

KNEE = 0.3
"""Light up to which nothing is compressed, in parts of SDR white: 61 cd/m2. Light skin, at 100, loses 3 % of its signal."""
DEFAULT_PEAK_NITS = 1000.0
SDR_COLOUR = Colour(matrix=1, primaries=BT709, transfer=1, full_range=False)


@dataclass(frozen=True)
class Bt709View:
    """A video's pictures as BT.709 signals and back, for (n, 3, h, w) float32 signals in [0, 1] on any device.

    `transfer` and `primaries` are the video's ITU-T H.273 numbers, `peak_nits` its brightest light. Colours outside
    BT.709 are clipped to it (ITU-R BT.2407, 2); all others come back exactly.
    """

    transfer: int
    primaries: int
    peak_nits: float

    def to_bt709(self, signal: Tensor) -> Tensor:
        """Return what the networks see: BT.709 in standard dynamic range."""
        light = _times(gamut_matrix(self.primaries, BT709), to_light(signal, self.transfer)).clamp(min=0)
        if self._peak:
            brightest = light.amax(1, keepdim=True)
            light = light * (_compress(brightest, self._peak).clamp(max=1) / brightest.clamp(min=1e-9))
        return to_signal(light, BT709)

    def from_bt709(self, signal: Tensor) -> Tensor:
        """Return BT.709 pictures as signals of the video: the inverse of `to_bt709`."""
        light = to_light(signal, BT709)
        if self._peak:
            brightest = light.amax(1, keepdim=True)
            light = light * (_expand(brightest, self._peak) / brightest.clamp(min=1e-9))
        return to_signal(_times(gamut_matrix(BT709, self.primaries), light), self.transfer)

    @property
    def _peak(self) -> float:
        """The brightest light in parts of SDR white, 0 where nothing is to be compressed."""
        return max(self.peak_nits / SDR_WHITE_NITS, 1.0) if self.transfer in (PQ, HLG) else 0.0


def view_of(colour: Colour, metadata: StaticMetadata) -> Bt709View | None:
    """Return the view for a video of `colour`; None where its pictures are what the networks know, as nearly all are."""
    if colour.is_hdr:
        primaries = colour.primaries if colour.is_wide else BT2020 if colour.primaries == UNSPECIFIED else BT709
        peak = HLG_NITS if colour.transfer == HLG else metadata.peak_nits or DEFAULT_PEAK_NITS
        return Bt709View(colour.transfer, primaries, peak)
    return Bt709View(colour.transfer, colour.primaries, SDR_WHITE_NITS) if colour.is_wide else None


def seen_in_bt709(picture: np.ndarray, clip: Clip) -> np.ndarray:
    """Return a picture of `clip`, (height, width, 3) uint8 or uint16, as uint8 in BT.709 and standard dynamic range."""
    signal = torch.from_numpy(picture / np.float32(np.iinfo(picture.dtype).max)).permute(2, 0, 1)[None]
    view = view_of(clip.colour, clip.metadata)
    seen = view.to_bt709(signal) if view else signal
    return seen[0].mul(255).round().to(torch.uint8).permute(1, 2, 0).numpy()


def hdr_colour(colour: Colour) -> Colour:
    """Return the tags of a result that stays in high dynamic range: the source's own, with BT.2020 where it is silent."""
    return replace(colour, primaries=BT2020 if colour.primaries == UNSPECIFIED else colour.primaries)


def _compress(light: Tensor, peak: float) -> Tensor:
    """Straight to the knee, then hyperbolic with the same slope there, so that `peak` becomes 1."""
    above = (light - KNEE).clamp(min=0)
    return light.clamp(max=KNEE) + above / (1 + _bend(peak) * above)


def _expand(light: Tensor, peak: float) -> Tensor:
    above = (light - KNEE).clamp(min=0)
    return light.clamp(max=KNEE) + above / (1 - _bend(peak) * above)


def _bend(peak: float) -> float:
    return 1 / (1 - KNEE) - 1 / (peak - KNEE)


def _times(matrix: np.ndarray, light: Tensor) -> Tensor:
    """Return a (3, 3) matrix times (n, 3, h, w), in full precision: a GPU may multiply matrices in less."""
    red, green, blue = light.unbind(1)
    return torch.stack(
        [by_red * red + by_green * green + by_blue * blue for by_red, by_green, by_blue in matrix.tolist()], 1
    )
