"""Tone mapping of HDR and wide gamut to BT.709 and back: transfer functions, colour primaries, compression of light.

PQ: SMPTE ST 2084. HLG: ITU-R BT.2100. Standard dynamic range: ITU-R BT.1886. Primaries: ITU-T H.273.
"""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import torch
from torch import Tensor

from vidstyle.media.clip import BT2020, HLG, P3_D65, P3_DCI, PQ, UNSPECIFIED, Clip, Colour
from vidstyle.media.hdr_metadata import StaticMetadata
from vidstyle.pixels import to_device, to_host

SDR_WHITE_NITS = 203.0
SDR_GAMMA = 2.4
PQ_NITS = 10000.0
PQ_M1, PQ_M2 = 2610 / 16384, 2523 / 32
PQ_C1, PQ_C2, PQ_C3 = 3424 / 4096, 2413 / 128, 2392 / 128
HLG_NITS = 1000.0
"""Peak of the display for which HLG is shown; its system gamma is 1.2 there."""
HLG_GAMMA = 1.2
HLG_A, HLG_B, HLG_C = 0.17883277, 0.28466892, 0.55991073
BT2020_LUMA = (0.2627, 0.6780, 0.0593)
SMALLEST = 1e-12
BT709 = 1
CHROMATICITIES = {
    BT709: ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060)),
    BT2020: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    P3_DCI: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    P3_D65: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
}
"""CIE 1931 x and y of red, green and blue by their ITU-T H.273 number (table 2).

The white of P3_DCI counts as that of D65, because a viewer adapts to either.
"""
D65 = (0.3127, 0.3290)
KNEE = 0.3
"""The light, in parts of SDR white, up to which nothing is compressed: 61 cd/m2. Light skin, at 100, loses 3 % of its signal."""
DEFAULT_PEAK_NITS = 1000.0
SDR_COLOUR = Colour(matrix=1, primaries=BT709, transfer=1, full_range=False)


def to_light(signal: Tensor, transfer: int) -> Tensor:
    """Return the linear light, 1.0 is SDR white, of (n, 3, h, w) signals. All but PQ and HLG count as BT.1886."""
    if transfer == PQ:
        return _pq_to_nits(signal) / SDR_WHITE_NITS
    if transfer == HLG:
        return _hlg_to_nits(signal) / SDR_WHITE_NITS
    return signal.clamp(0, 1).pow(SDR_GAMMA)


def to_signal(light: Tensor, transfer: int) -> Tensor:
    """Return the signal in [0, 1] of (n, 3, h, w) linear light, 1.0 is SDR white: the inverse of `to_light`.

    Light above the brightest signal is dimmed to it. In HLG, where that limit differs by colour, the hue stays.
    """
    light = light.clamp(min=0)
    if transfer == PQ:
        return _nits_to_pq(light * SDR_WHITE_NITS)
    if transfer == HLG:
        return _nits_to_hlg(light * SDR_WHITE_NITS)
    return light.clamp(max=1).pow(1 / SDR_GAMMA)


def _pq_to_nits(signal: Tensor) -> Tensor:
    power = signal.clamp(0, 1).pow(1 / PQ_M2)
    return ((power - PQ_C1).clamp(min=0) / (PQ_C2 - PQ_C3 * power)).pow(1 / PQ_M1) * PQ_NITS


def _nits_to_pq(nits: Tensor) -> Tensor:
    power = (nits / PQ_NITS).clamp(max=1).pow(PQ_M1)
    return ((PQ_C1 + PQ_C2 * power) / (1 + PQ_C3 * power)).pow(PQ_M2)


def _hlg_to_nits(signal: Tensor) -> Tensor:
    signal = signal.clamp(0, 1)
    scene = torch.where(signal <= 0.5, signal.square() / 3, (((signal - HLG_C) / HLG_A).exp() + HLG_B) / 12)
    return scene * _luma(scene).pow(HLG_GAMMA - 1) * HLG_NITS


def _nits_to_hlg(nits: Tensor) -> Tensor:
    shown = nits / HLG_NITS
    scene = shown * _luma(shown).clamp(min=SMALLEST).pow(1 / HLG_GAMMA - 1)
    scene = scene / scene.amax(1, keepdim=True).clamp(min=1)
    bright = HLG_A * (12 * scene - HLG_B).clamp(min=SMALLEST).log() + HLG_C
    return torch.where(scene <= 1 / 12, (3 * scene).sqrt(), bright).clamp(0, 1)


def _luma(light: Tensor) -> Tensor:
    """Return the luminance of (n, 3, h, w) BT.2020 light as (n, 1, h, w)."""
    return (light * light.new_tensor(BT2020_LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)


@cache
def gamut_matrix(source: int, target: int) -> np.ndarray:
    """Return the (3, 3) float64 matrix that takes linear RGB of the primaries `source` to those of `target`."""
    return np.linalg.inv(_to_xyz(target)) @ _to_xyz(source)


def _to_xyz(primaries: int) -> np.ndarray:
    """SMPTE RP 177: the columns are red, green and blue in XYZ, scaled so that they add up to white."""
    columns = np.stack([_xyz(*point) for point in CHROMATICITIES[primaries]], axis=1)
    return columns * np.linalg.solve(columns, _xyz(*D65))


def _xyz(x: float, y: float) -> np.ndarray:
    return np.array([x / y, 1, (1 - x - y) / y])


@dataclass(frozen=True)
class Bt709View:
    """Converts a video's signals to BT.709 and back: (n, 3, h, w) float32 in [0, 1] on any device.

    `transfer` and `primaries` are the video's ITU-T H.273 numbers, `peak_nits` its brightest light. Colours outside
    BT.709 are clipped to it (ITU-R BT.2407, 2). All others come back exactly.
    """

    transfer: int
    primaries: int
    peak_nits: float

    def to_bt709(self, signal: Tensor) -> Tensor:
        """Return the signals in BT.709 and standard dynamic range, which is what the networks see."""
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
        """The brightest light in parts of SDR white, 0 where nothing needs compression."""
        return max(self.peak_nits / SDR_WHITE_NITS, 1.0) if self.transfer in (PQ, HLG) else 0.0


def view_of(colour: Colour, metadata: StaticMetadata) -> Bt709View | None:
    """Return the view for a video of `colour`, or None where its pictures are BT.709 or alike, as nearly all are."""
    if colour.is_hdr:
        return Bt709View(colour.transfer, _hdr_primaries(colour), _hdr_peak_nits(colour, metadata))
    if colour.is_wide:
        return Bt709View(colour.transfer, colour.primaries, SDR_WHITE_NITS)
    return None


def _hdr_primaries(colour: Colour) -> int:
    """Return the primaries of a video in high dynamic range: BT.2020 where it states none, BT.709 for all narrow ones."""
    if colour.primaries == UNSPECIFIED:
        return BT2020
    return colour.primaries if colour.is_wide else BT709


def _hdr_peak_nits(colour: Colour, metadata: StaticMetadata) -> float:
    if colour.transfer == HLG:
        return HLG_NITS
    return metadata.peak_nits or DEFAULT_PEAK_NITS


def bt709_pixels(picture: np.ndarray, clip: Clip) -> np.ndarray:
    """Return a picture of `clip`, (height, width, 3) uint8 or uint16, as uint8 in BT.709 and standard dynamic range."""
    signal = to_device(picture[None], torch.device("cpu"))
    view = view_of(clip.colour, clip.metadata)
    seen = view.to_bt709(signal) if view else signal
    return to_host(seen, sixteen_bit=False)[0]


def hdr_colour(colour: Colour) -> Colour:
    """Return the tags of a result that stays in high dynamic range: the source's, or BT.2020 primaries if unstated."""
    return replace(colour, primaries=BT2020 if colour.primaries == UNSPECIFIED else colour.primaries)


def _compress(light: Tensor, peak: float) -> Tensor:
    """Return light compressed: unchanged up to the knee, then a hyperbola of the same slope, so that `peak` becomes 1."""
    above = (light - KNEE).clamp(min=0)
    return light.clamp(max=KNEE) + above / (1 + _bend(peak) * above)


def _expand(light: Tensor, peak: float) -> Tensor:
    """Return compressed light as it was: the inverse of `_compress`."""
    above = (light - KNEE).clamp(min=0)
    return light.clamp(max=KNEE) + above / (1 - _bend(peak) * above)


def _bend(peak: float) -> float:
    """Return the factor of the hyperbola."""
    return 1 / (1 - KNEE) - 1 / (peak - KNEE)


def _times(matrix: np.ndarray, light: Tensor) -> Tensor:
    """Return a (3, 3) matrix times (n, 3, h, w), in full precision: a GPU may multiply matrices in less."""
    red, green, blue = light.unbind(1)
    return torch.stack(
        [by_red * red + by_green * green + by_blue * blue for by_red, by_green, by_blue in matrix.tolist()], 1
    )
