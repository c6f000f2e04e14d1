"""Painting a batch: the steps on the device, and what happens when its memory is short."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from vidstyle.errors import DeviceError
from vidstyle.models.runtime import Runtime
from vidstyle.render.blend import blend, keep_colour, shown_share, surely_shown, without_noise
from vidstyle.render.engine import Engine, decide_config
from vidstyle.render.painter import TILES, Painter
from vidstyle.render.settings import RenderSettings
from vidstyle.render.sizes import plan_sizes

Fast = Callable[..., RenderSettings]
CPU = torch.device("cpu")
DRAWN = {"finish": "upscaler", "upscaler": "auto"}


class Invert:
    """A generator whose effect is known; it has memory for so many frames."""

    scale, multiple_of, half_ok = 1, 1, True

    def __init__(self, most: int = 99) -> None:
        self.most = most
        self.seen: list[int] = []

    def __call__(self, images: Tensor) -> Tensor:
        self.seen.append(len(images))
        if len(images) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB\nmore words")
        return 1 - images

    def in_strips(self, rows: int) -> "Invert":
        return self


class Repeat:
    """An upscaler that repeats pixels; it has memory for pieces up to so many pixels a side."""

    scale, multiple_of, half_ok, receptive_radius = 4, 1, True, 2

    def __init__(self, most: int = 10_000) -> None:
        self.most = most

    def __call__(self, images: Tensor) -> Tensor:
        if max(images.shape[-2:]) > self.most:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.")
        return functional.interpolate(images, scale_factor=4)


def painter(
    generator: Invert, upscaler: Repeat | None, settings: RenderSettings, device: torch.device = CPU
) -> Painter:
    return Painter(generator, upscaler, device, decide_config(Runtime(device, "fp32"), settings), settings)


def frames_of(count: int, size: tuple[int, int] = (20, 16)) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (count, size[1], size[0], 3), np.uint8)


def test_keeping_colour_takes_lightness_from_the_painting_only() -> None:
    source, painted = torch.full((1, 3, 2, 2), 0.4), torch.tensor([0.6, 0.5, 0.1]).view(1, 3, 1, 1).expand(1, 3, 2, 2)
    kept = keep_colour(painted, source)
    lightness = 0.299 * 0.6 + 0.587 * 0.5 + 0.114 * 0.1
    assert torch.allclose(kept, torch.full((1, 3, 2, 2), lightness))


def test_blending_goes_from_the_source_to_the_painting() -> None:
    source, painted = torch.zeros(1, 3, 2, 2), torch.ones(1, 3, 2, 2)
    assert [blend(painted, source, share).mean().item() for share in (0, 0.25, 1)] == [0, 0.25, 1]


def test_a_known_generator_paints_what_is_expected(fast: Fast) -> None:
    frames = frames_of(3)
    painted = painter(Invert(), None, fast()).paint(frames, plan_sizes((20, 16), "source", 16, 1), sixteen_bit=False)
    assert np.array_equal(painted, 255 - frames)


@pytest.mark.parametrize("upscaler", [None, Repeat()], ids=["no upscaler", "upscaler"])
@pytest.mark.parametrize("finish", ["guided", "upscaler", "both", "none"])
def test_less_style_costs_no_detail(fast: Fast, finish: str, upscaler: Repeat | None) -> None:
    frames, sizes = frames_of(2, (96, 64)), plan_sizes((96, 64), 16, 16, 1)
    wishes = {"finish": finish, "upscaler": "auto"}
    source = painter(Invert(), upscaler, fast(**wishes, blend=0.0)).paint(frames, sizes, sixteen_bit=False)
    assert np.array_equal(source, frames)
    whole = painter(Invert(), upscaler, fast(**wishes)).paint(frames, sizes, sixteen_bit=False)
    half = painter(Invert(), upscaler, fast(**wishes, blend=0.5)).paint(frames, sizes, sixteen_bit=False)
    assert np.abs(half - (whole.astype(float) + frames) / 2).max() <= 1


@pytest.mark.parametrize("upscaler", [None, Repeat()], ids=["no upscaler", "upscaler"])
def test_keeping_colour_costs_no_detail_of_lightness_or_colour(fast: Fast, upscaler: Repeat | None) -> None:
    frames, sizes = frames_of(1, (96, 64)) // 8 + 112, plan_sizes((96, 64), 16, 16, 1)
    whole = painter(Invert(), upscaler, fast(**DRAWN)).paint(frames, sizes, sixteen_bit=False)
    kept = painter(Invert(), upscaler, fast(**DRAWN, keep_colour=True)).paint(frames, sizes, sixteen_bit=False)
    weights = np.array([0.299, 0.587, 0.114])
    lightness = [picture @ weights for picture in (kept, whole, frames)]
    assert np.abs(lightness[0] - lightness[1]).max() <= 1
    differences = kept - lightness[0][..., None] - frames + lightness[2][..., None]
    assert np.abs(differences).max() <= 2


def test_the_upscaler_enlarges_what_the_generator_painted(fast: Fast) -> None:
    frames = frames_of(1)
    painted = painter(Invert(), Repeat(), fast()).paint(
        frames, plan_sizes((20, 16), "source", 16, 4), sixteen_bit=False
    )
    assert np.array_equal(painted, (255 - frames).repeat(4, axis=1).repeat(4, axis=2))


def test_short_memory_makes_batches_smaller_and_loses_no_frame(fast: Fast) -> None:
    frames, generator = frames_of(8), Invert(most=3)
    tight = painter(generator, None, fast(batch=8))
    sizes = plan_sizes((20, 16), "source", 16, 1)
    assert np.array_equal(tight.paint(frames, sizes, sixteen_bit=False), 255 - frames)
    assert (generator.seen, tight.progress().batch) == ([8, 4, 2, 2, 2, 2], 2)
    assert list(tight.notes) == [
        "The memory of cpu was short: 4 frames are now painted at once.",
        "The memory of cpu was short: 2 frames are now painted at once.",
    ]


def test_short_memory_for_one_frame_makes_tiles_with_the_same_result(fast: Fast) -> None:
    size = (600, 300)
    frames, sizes = frames_of(1, size), plan_sizes(size, "source", 16, 4)
    whole = painter(Invert(), Repeat(), fast()).paint(frames, sizes, sixteen_bit=False)
    tight = painter(Invert(), Repeat(most=270), fast())
    assert np.array_equal(tight.paint(frames, sizes, sixteen_bit=False), whole)
    assert (tight.progress().tile, len(tight.notes)) == (256, 2)


def test_memory_that_never_suffices_is_one_clear_error(fast: Fast) -> None:
    sizes = plan_sizes((20, 16), "source", 16, 4)
    with pytest.raises(DeviceError) as caught:
        painter(Invert(most=0), Repeat(), fast()).paint(frames_of(1), sizes, sixteen_bit=False)
    assert str(caught.value) == (
        "The memory of cpu does not suffice for one frame (CUDA out of memory. Tried to allocate 9 GiB). "
        "Use a smaller --size, --tile auto, --strip auto, --upscaler none or --device cpu."
    )
    tight = painter(Invert(), Repeat(most=3), fast())
    with pytest.raises(DeviceError):
        tight.paint(frames_of(1), sizes, sixteen_bit=False)
    assert tight.progress().tile == TILES[-1]


def test_whole_frames_are_kept_when_tiles_were_forbidden(fast: Fast) -> None:
    with pytest.raises(DeviceError):
        painter(Invert(), Repeat(most=10), fast(tile=0)).paint(
            frames_of(1), plan_sizes((20, 16), "source", 16, 4), sixteen_bit=False
        )


def test_other_failures_of_the_device_are_not_taken_for_short_memory(fast: Fast) -> None:
    class Broken(Invert):
        def __call__(self, images: Tensor) -> Tensor:
            raise RuntimeError("shapes do not match")

    with pytest.raises(RuntimeError, match="shapes do not match"):
        painter(Broken(), None, fast()).paint(frames_of(1), plan_sizes((20, 16), "source", 16, 1), sixteen_bit=False)


def test_a_cpu_paints_one_frame_at_once_and_other_devices_several(fast: Fast) -> None:
    assert decide_config(Runtime(CPU, "fp32"), fast()).batch == 1
    assert decide_config(Runtime(torch.device("cuda"), "fp32"), fast()).batch > 1
    assert decide_config(Runtime(CPU, "fp32"), fast(batch=5)).batch == 5


def test_the_upscaler_is_chosen_by_how_far_the_result_is(fast: Fast) -> None:
    engine = Engine(fast(upscaler="auto", finish="upscaler"))
    assert engine.upscaler_name(engine.sizes((400, 300))) == "realesr-animevideov3"
    assert engine.upscaler_name(engine.sizes((48, 40))) is None
    assert Engine(fast(upscaler="none")).upscaler_name(engine.sizes((400, 300))) is None


def test_the_default_upscaler_makes_a_real_picture_four_times_larger(fast: Fast) -> None:
    engine = Engine(fast(upscaler="realesr-animevideov3", blend=0.0, size="source", outscale=4.0))
    frames = np.tile(np.linspace(0, 255, 32).astype(np.uint8)[None, None, :, None], (1, 24, 1, 3))
    sizes = engine.sizes((32, 24))
    enlarged = engine.picture_painter(sizes).paint(frames, sizes, sixteen_bit=False)
    assert enlarged.shape == (1, 96, 128, 3)
    assert np.abs(enlarged[:, ::4, ::4].astype(int) - frames).mean() < 12


def test_forced_tiles_paint_what_whole_frames_paint(fast: Fast) -> None:
    wanted = {"upscaler": "realesr-animevideov3", "size": "source", "outscale": 4.0, "blend": 0.5}
    frames = frames_of(1, (72, 50))
    whole, tiled = (Engine(fast(tile=tile, **wanted)) for tile in (0, 32))
    sizes = whole.sizes((72, 50))
    first, second = (engine.picture_painter(sizes).paint(frames, sizes, sixteen_bit=False) for engine in (whole, tiled))
    assert np.abs(first.astype(int) - second).max() <= 1


@pytest.mark.needs_cuda
@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_a_gpu_paints_what_a_cpu_paints(fast: Fast, precision: str) -> None:
    wanted = {"upscaler": "realesr-animevideov3", "outscale": 4.0}
    engines = [Engine(fast(**wanted)), Engine(fast(**{**wanted, "device": "cuda", "precision": precision}))]
    frames, sizes = frames_of(5, (72, 50)), engines[0].sizes((72, 50))
    first, second = (engine.picture_painter(sizes).paint(frames, sizes, sixteen_bit=True) for engine in engines)
    assert np.abs(first.astype(int) - second).mean() / 65535 < (0.001 if precision == "fp32" else 0.02)


def test_a_style_can_be_given_by_its_file_and_is_recorded_with_its_hash(fast: Fast, style_path: Path) -> None:
    record = Engine(fast()).record()
    assert record["style"] == str(style_path)
    assert len(record["style_sha256"]) == 64


def test_frames_without_contrast_stay_as_they_are_and_all_others_are_painted() -> None:
    black, noise, night = torch.zeros(1, 3, 32, 32), torch.rand(1, 3, 32, 32) / 255, torch.rand(1, 3, 32, 32) / 20
    source = torch.cat([black, noise, night])
    painted = without_noise(1 - source, source)
    assert torch.equal(painted[:2], source[:2])
    assert torch.allclose(painted[2], 1 - night[0])


def test_a_fade_to_black_fades_the_painting_out() -> None:
    picture = torch.rand(1, 3, 32, 32)
    levels = torch.tensor([1, 0.1, 0.02, 0.01, 0.002]).view(-1, 1, 1, 1)
    painted = without_noise(torch.ones(5, 3, 32, 32), picture * levels).mean((1, 2, 3))
    assert painted[0] == 1
    assert all(later <= earlier for earlier, later in pairwise(painted.tolist()))
    assert painted[-1] < 0.01


def test_a_few_pixels_tell_only_of_frames_that_the_rest_would_tell_of() -> None:
    random = torch.Generator().manual_seed(0)
    noise = torch.rand(1, 3, 33, 50, generator=random) - 0.5
    seen = {
        surely_shown(0.5 + noise * levels / 255): float(shown_share(0.5 + noise * levels / 255)) for levels in (8, 90)
    }
    assert 0 < seen[False] < 1
    assert (noise * 90).flatten(2).std(dim=2, correction=0).amax() > 3
    speck = torch.zeros(1, 3, 33, 50)
    speck[..., 1, 1] = 1
    assert not surely_shown(speck) and shown_share(speck) == 1
    assert not surely_shown(torch.cat([noise, torch.zeros_like(noise)]))
