"""Signals stand for the light that the standards give them."""

import pytest
import torch

from vidstyle.media.clip import HLG, PQ
from vidstyle.media.tonemap import SDR_WHITE_NITS, to_light, to_signal

BT709 = 1
PQ_TABLE = {0: 0.0, 1: 0.1499, 26: 0.38, 100: 0.5081, 203: 0.5807, 1000: 0.7518, 4000: 0.9026, 10000: 1.0}
"""cd/m2 and PQ signal, SMPTE ST 2084 and ITU-R BT.2408, table 1."""
HLG_TABLE = {26: 0.38, 203: 0.75, 1000: 1.0}
"""cd/m2 of grey on a display of 1000 cd/m2 and HLG signal, ITU-R BT.2408, table 1."""


def grey(value: float) -> torch.Tensor:
    return torch.full((1, 3, 1, 1), value)


@pytest.mark.parametrize(("transfer", "table", "tolerance"), [(PQ, PQ_TABLE, 1e-4), (HLG, HLG_TABLE, 2e-3)])
def test_greys_have_the_signals_of_the_standards_tables(
    transfer: int, table: dict[int, float], tolerance: float
) -> None:
    for nits, signal in table.items():
        assert to_signal(grey(nits / SDR_WHITE_NITS), transfer).flatten().tolist() == pytest.approx(
            [signal] * 3, abs=tolerance
        )
        assert to_light(grey(signal), transfer).max() * SDR_WHITE_NITS == pytest.approx(nits, rel=0.01)


@pytest.mark.parametrize("transfer", [PQ, HLG, BT709])
def test_every_signal_of_ten_bits_comes_back_from_its_light(transfer: int) -> None:
    signal = (torch.arange(1024) / 1023).view(1, 1, 32, 32).expand(1, 3, 32, 32)
    again = to_signal(to_light(signal, transfer), transfer)
    assert (again - signal).abs().max() < 0.05 / 1023


def test_the_system_gamma_of_hlg_follows_the_luminance() -> None:
    """ITU-R BT.2100, table 5: E is the scene's light, and a display of 1000 cd/m2 shows 1000 * Y ** 0.2 * E."""
    scene = torch.tensor([0.5, 0.2, 0.05])
    luminance = 0.2627 * 0.5 + 0.6780 * 0.2 + 0.0593 * 0.05
    bright = 0.17883277 * torch.log(12 * scene - 0.28466892) + 0.55991073
    signal = torch.where(scene > 1 / 12, bright, torch.sqrt(3 * scene)).view(1, 3, 1, 1)
    shown = to_light(signal, HLG).flatten() * SDR_WHITE_NITS
    assert shown.tolist() == pytest.approx((1000 * luminance**0.2 * scene).tolist(), rel=1e-4)


def test_light_beyond_what_hlg_can_say_is_dimmed_without_a_change_of_hue() -> None:
    blue = torch.tensor([0.1, 0.2, 5.0]).view(1, 3, 1, 1)
    shown = to_light(to_signal(blue, HLG), HLG)
    assert shown.max() < blue.max()
    assert (shown / shown.max()).flatten().tolist() == pytest.approx((blue / blue.max()).flatten().tolist(), abs=1e-3)


def test_no_light_and_too_much_light_give_finite_signals() -> None:
    for transfer in (PQ, HLG, BT709):
        signals = to_signal(torch.tensor([-1.0, 0.0, 1e6]).view(1, 3, 1, 1).expand(1, 3, 2, 2), transfer)
        assert signals.isfinite().all()
        assert signals.min() >= 0
        assert signals.max() <= 1
