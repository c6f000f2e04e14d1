"""Signals stand for the light of the standards; HDR and wide gamut look natural in BT.709, and come back from there."""

import subprocess

import numpy as np
import pytest
import torch

from vidstyle.media import ffmpeg
from vidstyle.media.clip import HLG, P3_D65, PQ, Colour
from vidstyle.media.hdr_metadata import NO_METADATA, StaticMetadata
from vidstyle.media.tonemap import (
    BT709,
    SDR_WHITE_NITS,
    Bt709View,
    gamut_matrix,
    hdr_colour,
    to_light,
    to_signal,
    view_of,
)

SDR, BT2020, P3 = 1, 9, 12
PQ_VIEW, HLG_VIEW = Bt709View(PQ, BT2020, 1000.0), Bt709View(HLG, BT2020, 1000.0)
PQ_TABLE = {0: 0.0, 1: 0.1499, 26: 0.38, 100: 0.5081, 203: 0.5807, 1000: 0.7518, 4000: 0.9026, 10000: 1.0}
"""cd/m2 and PQ signal, SMPTE ST 2084 and ITU-R BT.2408, table 1."""
HLG_TABLE = {26: 0.38, 203: 0.75, 1000: 1.0}
"""cd/m2 of grey on a display of 1000 cd/m2 and HLG signal, ITU-R BT.2408, table 1."""
BT2407 = [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
"""BT.2020 to BT.709, ITU-R BT.2407, 2.2."""
BT2087 = [[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]]
"""BT.709 to BT.2020, ITU-R BT.2087, 2.2."""


def pixels(*colours: tuple[float, float, float]) -> torch.Tensor:
    """Return (1, 3, 1, n) from n colours."""
    return torch.tensor(colours).T.reshape(1, 3, 1, -1)


def signal_of(nits: torch.Tensor, transfer: int) -> torch.Tensor:
    return to_signal(nits / SDR_WHITE_NITS, transfer)


def colourful(size: int = 64) -> torch.Tensor:
    """Return BT.709 pictures of all hues, lightnesses and saturations, (1, 3, size, size) in [0, 1]."""
    draw = torch.Generator().manual_seed(0)
    return torch.rand(1, 3, size, size, generator=draw)


@pytest.mark.parametrize("view", [PQ_VIEW, HLG_VIEW])
def test_greys_up_to_the_knee_look_as_bright_as_they_are(view: Bt709View) -> None:
    for nits in (1.0, 5.0, 26.0, 50.0, 60.0):
        seen = view.to_bt709(signal_of(pixels((nits,) * 3), view.transfer))
        assert seen.flatten().tolist() == pytest.approx([(nits / 203) ** (1 / 2.4)] * 3, abs=1e-3)


@pytest.mark.parametrize("peak", [400.0, 1000.0, 4000.0, 10000.0])
def test_brighter_light_stays_brighter_up_to_the_peak_which_is_white(peak: float) -> None:
    nits = torch.linspace(0, peak, 500).view(1, 1, 1, -1).expand(1, 3, 1, -1)
    seen = Bt709View(PQ, BT2020, peak).to_bt709(signal_of(nits, PQ))[0, 0, 0]
    assert (seen.diff() > 0).all()
    assert seen[-1] == pytest.approx(1, abs=1e-3)
    white = float(Bt709View(PQ, BT2020, peak).to_bt709(signal_of(pixels((203.0,) * 3), PQ)).max())
    assert 0.8 < white < 0.95, "paper white is bright, and leaves room for lamps and sun"


@pytest.mark.parametrize("view", [PQ_VIEW, HLG_VIEW])
@pytest.mark.parametrize("colour", [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (0, 1, 1), (1, 0, 1)])
def test_the_primaries_of_bt709_stay_pure(view: Bt709View, colour: tuple[int, int, int]) -> None:
    in_bt2020 = torch.tensor(np.array(BT2087) @ np.array(colour) * 50.0, dtype=torch.float32)
    seen = view.to_bt709(signal_of(pixels(tuple(in_bt2020.tolist())), view.transfer)).flatten().tolist()
    assert seen == pytest.approx([(part * 50 / 203) ** (1 / 2.4) for part in colour], abs=0.03)


def test_bright_colours_keep_their_hue() -> None:
    sun = np.array((900.0, 500.0, 150.0))
    seen = PQ_VIEW.to_bt709(signal_of(pixels(tuple((np.array(BT2087) @ sun).tolist())), PQ))
    light = seen.flatten().double() ** 2.4
    assert (light / light.max()).tolist() == pytest.approx((sun / sun.max()).tolist(), abs=0.005)


@pytest.mark.parametrize("peak", [203.0, 600.0, 1000.0, 4000.0, 10000.0])
@pytest.mark.parametrize(("transfer", "primaries"), [(PQ, BT2020), (PQ, P3), (HLG, BT2020), (SDR, BT2020), (SDR, P3)])
def test_what_the_networks_leave_alone_comes_back(transfer: int, primaries: int, peak: float) -> None:
    view = Bt709View(transfer, primaries, 1000.0 if transfer == HLG else peak)
    signal = view.from_bt709(colourful())
    greys = torch.linspace(0, 1, 1024).view(1, 1, 32, 32) * view.from_bt709(torch.ones(1, 3, 1, 1))
    for source in (signal, greys):
        assert (view.from_bt709(view.to_bt709(source)) - source).abs().max() < 0.1 / 1023


@pytest.mark.parametrize(("name", "transfer"), [("smpte2084", PQ), ("arib-std-b67", HLG)])
def test_the_view_agrees_with_zimg_and_ffmpegs_hyperbolic_curve(name: str, transfer: int) -> None:
    view = Bt709View(transfer, BT2020, 1000.0)
    picture = colourful(32)
    if transfer == HLG:
        picture = picture[:, :1].expand(-1, 3, -1, -1)  # zimg applies the system gamma to each component by itself
    signal = view.from_bt709(picture)
    tags = f"setparams=color_trc={name}:color_primaries=bt2020:colorspace=gbr:range=pc"
    curve = f"tonemap=mobius:param=0.3:desat=0:peak={1000 / 203}"
    # zimg approximates transfer functions unless told otherwise: with a lookup table on AVX2, whose steps in the darks are
    # up to 4.4 levels wide, with polynomials on AVX-512, and not at all elsewhere. The exact functions are what we compare with.
    to_light, to_signal_again = "zscale=t=linear:npl=203:p=bt709:agamma=0", "zscale=t=bt709:p=bt709:d=none:agamma=0"
    chain = f"{tags},{to_light},format=gbrpf32le,{curve},{to_signal_again}"
    raw = ["-f", "rawvideo", "-pix_fmt", "gbrpf32le", "-s", "32x32"]
    command = [ffmpeg.program(), "-v", "error", *raw, "-i", "-", "-vf", chain, *raw[:4], "-"]
    planes = signal[0, [1, 2, 0]].numpy().astype("<f4").tobytes()
    shown = subprocess.run(command, input=planes, capture_output=True, check=True).stdout
    reference = torch.from_numpy(np.frombuffer(shown, "<f4").reshape(3, 32, 32)[[2, 0, 1]].copy())
    difference = (view.to_bt709(signal)[0] - reference.clamp(0, 1)).abs()
    assert difference.mean() * 255 < 0.01
    assert difference.max() * 255 < 1, "float32 alone moves the darkest by 0.8"


def test_the_peak_is_what_the_video_says_and_1000_where_it_is_silent() -> None:
    pq, hlg = Colour(9, 9, PQ, False), Colour(9, 9, HLG, False)
    assert view_of(pq, NO_METADATA) == PQ_VIEW
    assert view_of(pq, StaticMetadata(content_light=4000)) == Bt709View(PQ, BT2020, 4000.0)
    assert view_of(hlg, StaticMetadata(content_light=4000)) == HLG_VIEW


def test_a_view_is_made_only_where_pictures_differ_from_what_the_networks_know() -> None:
    assert view_of(Colour(), NO_METADATA) is None
    assert view_of(Colour(6, 6, 6, False), NO_METADATA) is None
    assert view_of(Colour(9, 9, 14, False), NO_METADATA) == Bt709View(14, BT2020, 203.0)
    assert view_of(Colour(transfer=PQ), NO_METADATA) == PQ_VIEW


def test_missing_primaries_of_high_dynamic_range_are_those_of_bt2100() -> None:
    assert hdr_colour(Colour(transfer=HLG)) == Colour(primaries=9, transfer=HLG)
    assert hdr_colour(Colour(1, 12, PQ, True)) == Colour(1, 12, PQ, True)


@pytest.mark.needs_cuda
@pytest.mark.parametrize("view", [PQ_VIEW, HLG_VIEW])
def test_the_view_is_the_same_on_a_graphics_card(view: Bt709View) -> None:
    signal = view.from_bt709(colourful())
    assert (view.to_bt709(signal.cuda()).cpu() - view.to_bt709(signal)).abs().max() < 1e-4
    assert (view.from_bt709(colourful().cuda()).cpu() - signal).abs().max() < 1e-4


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


def test_the_matrices_are_those_of_the_standards() -> None:
    assert np.abs(gamut_matrix(BT2020, BT709) - BT2407).max() < 1e-4
    assert np.abs(gamut_matrix(BT709, BT2020) - BT2087).max() < 1e-4


@pytest.mark.parametrize("wide", [BT2020, P3_D65])
def test_white_stays_white_and_the_way_back_leads_back(wide: int) -> None:
    assert gamut_matrix(wide, BT709) @ np.ones(3) == pytest.approx(np.ones(3))
    assert gamut_matrix(BT709, wide) @ gamut_matrix(wide, BT709) == pytest.approx(np.eye(3), abs=1e-12)
