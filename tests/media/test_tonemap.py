"""Pictures of high dynamic range look natural in BT.709, and come back from there."""

import subprocess

import numpy as np
import pytest
import torch

from tests.media.test_gamut import BT2087
from vidstyle.media import ffmpeg
from vidstyle.media.clip import HLG, PQ, Colour
from vidstyle.media.hdr_metadata import NO_METADATA, StaticMetadata
from vidstyle.media.tonemap import SDR_WHITE_NITS, Bt709View, hdr_colour, to_signal, view_of

SDR, BT2020, P3 = 1, 9, 12
PQ_VIEW, HLG_VIEW = Bt709View(PQ, BT2020, 1000.0), Bt709View(HLG, BT2020, 1000.0)


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
