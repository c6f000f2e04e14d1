"""Transfer functions: what light a signal stands for, and which signal stands for a light.

Signals are floats in [0, 1]; light is linear, 1.0 being the white of standard dynamic range (203 cd/m2, ITU-R BT.2408).
PQ: SMPTE ST 2084. HLG and its system gamma: ITU-R BT.2100. Standard dynamic range: ITU-R BT.1886.
"""

import torch
from torch import Tensor

from vidstyle.media.clip import HLG, PQ

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


def to_light(signal: Tensor, transfer: int) -> Tensor:
    """Return the linear light, 1.0 is SDR white, of (n, 3, h, w) signals; neither PQ nor HLG is taken for BT.1886."""
    if transfer == PQ:
        return _pq_to_nits(signal) / SDR_WHITE_NITS
    if transfer == HLG:
        return _hlg_to_nits(signal) / SDR_WHITE_NITS
    return signal.clamp(0, 1).pow(SDR_GAMMA)


def to_signal(light: Tensor, transfer: int) -> Tensor:
    """Return the signal in [0, 1] of (n, 3, h, w) linear light, 1.0 is SDR white: the inverse of `to_light`.

    Light beyond what a signal can say is dimmed to it; in HLG, whose reach differs by colour, without a change of hue.
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
