"""`--finish guided`: plain where the source is plain, its edges at full size, and every other setting as before."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from tests.clips import make_clip, moving_square
from tests.hdr_clips import PQ_COLOUR, make_hdr_clip
from tests.packets import pictures
from tests.render.test_colour_plan import first_picture
from tests.render.test_painter import Repeat, frames_of, painter
from tests.renders import painter_of, plan_of
from vidstyle.analysis import smoothing
from vidstyle.media.probe import probe
from vidstyle.models.resize import resize, resize_pixels
from vidstyle.networks import guided_filter
from vidstyle.pixels import to_device, to_floats, to_host
from vidstyle.render import engine as engine_room
from vidstyle.render import guided_finish as room
from vidstyle.render.blend import LUMA
from vidstyle.render.engine import Engine
from vidstyle.render.guided_finish import calmed
from vidstyle.render.settings import RenderSettings
from vidstyle.render.sizes import Sizes
from vidstyle.render.stage import run

Fast = Callable[..., RenderSettings]
SIZES = Sizes((96, 64), (24, 16), (96, 64))
"""Painted at a quarter of the source's size."""
STEP = 49
"""The column where `half_dark` turns bright: not one where a pixel of the painting begins."""
GUIDED = {"upscaler": "auto", "finish": "guided"}


class Stripes:
    """A generator that draws stripes over the whole picture, one pixel wide."""

    scale, multiple_of, half_ok = 1, 1, True

    def __call__(self, images: Tensor) -> Tensor:
        stripes = torch.tensor([0.1, -0.1]).repeat(images.shape[3] // 2)
        return images * 0.6 + 0.2 + stripes

    def in_strips(self, rows: int) -> "Stripes":
        return self


def half_dark() -> np.ndarray:
    """Return a frame, (1, 64, 96, 3), of two flat halves with a sharp edge between."""
    frame = np.full((1, 64, 96, 3), 40, np.uint8)
    frame[:, :, STEP:] = 200
    return frame


def painted(settings: RenderSettings, frames: np.ndarray, sizes: Sizes = SIZES, **how: Any) -> np.ndarray:
    return painter(Stripes(), None, settings).paint(frames, sizes, **{"sixteen_bit": False, **how})  # type: ignore[arg-type]


def seen(frames: np.ndarray, size: tuple[int, int]) -> Tensor:
    """Return what the generator sees of frames that it paints at that size on a CPU."""
    return to_floats(resize_pixels(torch.from_numpy(frames), size))


@pytest.mark.parametrize("size", [(96, 64), (24, 16), (12, 8)])
def test_what_is_flat_in_the_source_is_flat_in_the_result(fast: Fast, size: tuple[int, int]) -> None:
    sizes = Sizes((96, 64), (24, 16), size)
    stripes, calm = (painted(fast(**wanted), half_dark(), sizes) for wanted in ({}, {**GUIDED, "calm": 1.0}))
    left = slice(0, size[0] // 4)
    if size[0] >= 24:
        assert np.ptp(stripes[:, :, left]) > 40
    assert np.ptp(calm[:, :, left]) <= 8
    assert abs(float(calm[:, :, left].mean()) - (40 * 0.6 + 51)) < 2


def test_edges_are_those_of_the_full_size_source(fast: Fast) -> None:
    soft, sharp = (painted(fast(**wanted), half_dark()).astype(int) for wanted in ({}, {**GUIDED, "calm": 0.5}))
    rises = [np.diff(rows[0, :, :, 0].mean(0)) for rows in (soft, sharp)]
    assert rises[1].argmax() == STEP - 1
    assert rises[1].max() > 2 * rises[0].max()


def test_the_strength_is_a_radius_and_radius_one_is_the_filter_of_white_box_cartoonization() -> None:
    source = torch.rand(1, 3, 9, 11, generator=torch.Generator().manual_seed(0))
    picture = torch.rand(1, 3, 9, 11, generator=torch.Generator().manual_seed(1))
    as_published = guided_filter.guided_filter(source * 2 - 1, picture * 2 - 1, 1, 5e-3)
    torch.testing.assert_close(calmed(picture, source, 0.25), (as_published + 1).div(2).clamp(0, 1), rtol=0, atol=1e-5)
    assert torch.equal(calmed(picture, source, 0), picture)
    widest = guided_filter.guided_filter(source, picture, 4, 5e-3 / 4).clamp(0, 1)
    torch.testing.assert_close(calmed(picture, source, 1), widest, rtol=0, atol=1e-6)
    roughness = [float(calmed(picture, source, calm).std()) for calm in (0, 0.1, 0.25, 0.4, 0.6)]
    assert roughness == sorted(roughness, reverse=True)


def test_a_larger_result_is_what_the_fast_guided_filter_draws(fast: Fast) -> None:
    frames = frames_of(2, (96, 64))
    full, small = to_device(frames, torch.device("cpu")), seen(frames, (24, 16))
    drawn = guided_filter.fast_guided_filter(small, Stripes()(small), full, 1, 5e-3 / 4)
    expected = to_host(drawn.clamp(0, 1), sixteen_bit=False)
    found = painted(fast(**GUIDED, calm=0.25), frames)
    assert np.abs(found.astype(int) - expected).max() <= 1


def test_a_frame_without_contrast_stays_as_it_is(fast: Fast) -> None:
    black = np.zeros((1, 64, 96, 3), np.uint8)
    assert np.array_equal(painted(fast(**GUIDED), black), black)


def test_kept_colours_are_those_of_the_full_size_source(fast: Fast) -> None:
    frame = half_dark()
    frame[..., 0] //= 2
    found = painted(fast(**GUIDED, keep_colour=True), frame, sixteen_bit=True) / 65535
    without = painted(fast(**GUIDED), frame, sixteen_bit=True) / 65535
    luma = np.array(LUMA)
    expected = frame / 255 + ((without - frame / 255) @ luma)[..., None]
    assert np.abs(found - expected).max() < 1e-3


@pytest.mark.parametrize("sixteen_bit", [False, True])
@pytest.mark.parametrize("size", [(96, 64), (144, 96)])
def test_strips_of_rows_equal_the_whole_and_no_more_is_in_floats_at_once(
    fast: Fast, size: tuple[int, int], sixteen_bit: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames, sizes = frames_of(2, (96, 64)), Sizes((96, 64), (24, 16), size)
    if sixteen_bit:
        frames = frames.astype(np.uint16) * 257
    settings = fast(**GUIDED, calm=0.3, blend=0.7, keep_colour=True, batch=2)
    whole, rows = painted(settings, frames, sizes, sixteen_bit=sixteen_bit), []
    wanted = room.to_pixels
    monkeypatch.setattr(smoothing, "STRIP_PIXELS", 2 * size[0] * 7)
    monkeypatch.setattr(smoothing, "LEAST_ROWS", 1)
    monkeypatch.setattr(room, "to_pixels", lambda images, **how: rows.append(images.shape[2]) or wanted(images, **how))
    assert np.array_equal(painted(settings, frames, sizes, sixteen_bit=sixteen_bit), whole)
    assert (max(rows), sum(rows)) == (7, size[1])


def test_a_16_bit_source_keeps_its_fine_steps(fast: Fast) -> None:
    ramp = np.linspace(20_000, 20_400, 96).astype(np.uint16)
    frames = np.ascontiguousarray(np.broadcast_to(ramp[None, None, :, None], (1, 64, 96, 3))).copy()
    frames[:, :8] = 60_000
    found = painted(fast(**GUIDED, blend=0.0), frames, sixteen_bit=True)
    assert found.dtype == np.uint16
    assert np.abs(found.astype(int) - frames).max() <= 1


@pytest.mark.parametrize("wanted", [{"upscaler": "none"}, {"upscaler": "auto", "finish": "none"}])
def test_no_finish_is_the_plain_resize_of_the_version_before(fast: Fast, wanted: dict[str, str]) -> None:
    frames = frames_of(2, (96, 64))
    small = seen(frames, (24, 16))
    expected = to_host(resize(small + (Stripes()(small) - small), (96, 64)), sixteen_bit=False)
    assert np.array_equal(painted(fast(**wanted), frames), expected)


def test_the_upscaler_alone_and_both_enlarge_what_the_generator_painted(fast: Fast) -> None:
    frames = frames_of(1, (96, 64))
    small = seen(frames, (24, 16))
    plain = small + (Stripes()(small) - small)
    calm = calmed(Stripes()(small), small, 0.25)
    calm = small + (calm - small)
    for finish, picture in (("upscaler", plain), ("both", calm)):
        settings = fast(upscaler="auto", finish=finish, calm=0.25)
        found = painter(Stripes(), Repeat(), settings).paint(frames, SIZES, sixteen_bit=False)  # type: ignore[arg-type]
        enlarged = functional.interpolate(picture, scale_factor=4)
        assert np.array_equal(found, to_host(enlarged, sixteen_bit=False)), finish


def test_the_filter_needs_no_upscaler_however_large_the_result(fast: Fast, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    monkeypatch.setattr(engine_room, "load_upscaler", lambda name, *_: loaded.append(name))
    for wanted in ({"upscaler": "auto"}, GUIDED, {"upscaler": "none", "finish": "guided"}):
        engine = Engine(fast(**wanted, outscale=4.0))
        sizes = engine.sizes((96, 64))
        assert sizes.asks_for_upscaler
        frames = frames_of(1, (96, 64))
        found = engine.picture_painter(sizes).paint(frames, sizes, sixteen_bit=False)
        assert (engine.upscaler_name(sizes), found.shape) == (None, (1, 256, 384, 3))
    assert loaded == []
    engine = Engine(fast(upscaler="auto", finish="both", outscale=4.0))
    assert engine.upscaler_name(engine.sizes((96, 64))) == "realesr-animevideov3"


def test_a_video_says_its_finish_and_is_the_same_in_any_batches(fast: Fast, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", size=(96, 64), frames=7)
    shown = []
    for batch in (1, 3):
        target = tmp_path / f"{batch}.mkv"
        settings = fast(**GUIDED, flicker="flow", batch=batch, segment=4, size=32)
        result = run(source, target, settings)
        assert result.details["finish"] == result.details["files"][str(target)]["finish"] == "guided"
        shown.append(np.stack(pictures(target)))
    assert np.array_equal(*shown)
    plain = run(source, tmp_path / "plain.mkv", fast(flicker="flow", size=32))
    assert plain.details["finish"] == "none"
    assert not np.array_equal(np.stack(pictures(tmp_path / "plain.mkv")), shown[0])


def test_steady_paintings_are_what_is_finished(fast: Fast, tmp_path: Path) -> None:
    clip = probe(make_clip(tmp_path / "a.mp4", size=(96, 64), frames=4))
    settings = fast(**GUIDED, calm=0.25, flicker="flow", size=32)
    engine = Engine(settings)
    sizes, frames = plan_of(clip, engine).sizes, np.stack([moving_square((96, 64))(number) for number in range(4)])
    found = painter_of(clip, engine).paint(frames, sizes, sixteen_bit=False)
    steady = painter_of(clip, Engine(settings)).generator
    full, small = to_device(frames, torch.device("cpu")), seen(frames, sizes.painted)
    drawn = guided_filter.fast_guided_filter(small, steady(small), full, 1, 5e-3 / 4).clamp(0, 1)
    assert np.abs(found.astype(int) - to_host(drawn, sixteen_bit=False)).max() <= 1


def test_repeated_frames_are_finished_once_and_shown_again(fast: Fast) -> None:
    two = frames_of(2, (96, 64))
    with_repeats = painter(Stripes(), None, fast(**GUIDED, batch=4))  # type: ignore[arg-type]
    found = with_repeats.paint(two[[0, 0, 1, 1]], SIZES, sixteen_bit=False)
    assert np.array_equal(found, painted(fast(**GUIDED), two)[[0, 0, 1, 1]])
    assert with_repeats.repeated == 2


def test_high_dynamic_range_is_drawn_at_full_size_and_goes_back(fast: Fast, tmp_path: Path) -> None:
    source = make_hdr_clip(tmp_path / "a.mp4", PQ_COLOUR)
    kept = {"hdr": "keep", "crf": 4, "size": 16, "blend": 0.0, "codec": "libx265"}
    run(source, tmp_path / "guided.mp4", fast(**kept, **GUIDED))
    run(source, tmp_path / "whole.mp4", fast(**{**kept, "size": "source"}))
    guided, whole = (first_picture(tmp_path / name) for name in ("guided.mp4", "whole.mp4"))
    assert np.abs(guided - whole).mean() < 1e-3


@pytest.mark.needs_cuda
@pytest.mark.parametrize("size", [(96, 64), (144, 96), (24, 16)])
def test_a_gpu_finishes_as_a_cpu_does(fast: Fast, size: tuple[int, int]) -> None:
    frames, sizes = frames_of(3, (96, 64)), Sizes((96, 64), (24, 16), size)
    settings = fast(**GUIDED, calm=0.3, keep_colour=True)
    engines = [Engine(settings), Engine(fast(**GUIDED, calm=0.3, keep_colour=True, device="cuda"))]
    first, second = (engine.picture_painter(sizes).paint(frames, sizes, sixteen_bit=False) for engine in engines)
    assert np.abs(first.astype(int) - second).max() <= 1
