"""When the device's memory is short the render goes on in smaller pieces, says so, and paints the same."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.clips import make_clip
from tests.packets import pictures, video_times
from tests.render.test_painter import Repeat
from vidstyle.errors import DeviceError
from vidstyle.models.image_model import ImageModel
from vidstyle.models.style_generator import StyleGenerator
from vidstyle.render.engine import Engine
from vidstyle.render.painter import STRIPS, Painter
from vidstyle.render.settings import RenderSettings
from vidstyle.render.sizes import plan_sizes
from vidstyle.render.stage import run

Fast = Callable[..., RenderSettings]
SIZES = plan_sizes((32, 300), "source", 16, 4)
SHORT = "The memory of cpu was short: "


class Cramped:
    """A generator on a device that holds `most` rows at once, in a batch of whole frames or as one strip."""

    scale, multiple_of, half_ok = 1, 4, True

    def __init__(self, model: ImageModel, most: int, strip: int | None = None) -> None:
        self.model, self.most, self.strip = model, most, strip

    def in_strips(self, rows: int) -> "Cramped":
        assert isinstance(self.model, StyleGenerator)
        return Cramped(self.model.in_strips(rows), self.most, rows)

    def __call__(self, images: Tensor) -> Tensor:
        if len(images) * (self.strip or images.shape[2]) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB")
        return self.model(images)


def cramped(settings: RenderSettings, most: int, upscaler: Repeat | None = None) -> Painter:
    """Return a painter whose generator has so little memory."""
    whole = Engine(settings).picture_painter(SIZES)
    return Painter(Cramped(whole.generator, most), upscaler, whole.device, whole.config, settings)


def stands(painter: Painter) -> tuple[int, int, int]:
    """Return what short memory has made of frames at once, strips and tiles."""
    progress = painter.progress()
    return progress.batch, progress.strip, progress.tile


def drawn(count: int) -> np.ndarray:
    coarse = np.random.default_rng(5).integers(0, 256, (count, 30, 4, 3), np.uint8)
    return coarse.repeat(10, axis=1).repeat(8, axis=2)


def test_it_gives_up_frames_at_once_then_whole_frames_then_whole_paintings(fast: Fast) -> None:
    frames, settings = drawn(4), fast(batch=4)
    plain = Engine(settings).picture_painter(SIZES)
    roomy = Painter(plain.generator, Repeat(), plain.device, plain.config, settings)
    tight = cramped(settings, 100, Repeat(most=150))
    painted = tight.paint(frames, SIZES, sixteen_bit=False)
    assert list(tight.notes) == [
        SHORT + "2 frames are now painted at once.",
        SHORT + "1 frames are now painted at once.",
        SHORT + "painted in strips of 256 rows from here on.",
        SHORT + "painted in strips of 128 rows from here on.",
        SHORT + "painted in strips of 64 rows from here on.",
        SHORT + "enlarged in tiles of 512 pixels from here on.",
        SHORT + "enlarged in tiles of 256 pixels from here on.",
        SHORT + "enlarged in tiles of 128 pixels from here on.",
    ]
    assert stands(tight) == (1, 64, 128)
    assert np.abs(painted.astype(int) - roomy.paint(frames, SIZES, sixteen_bit=False)).max() <= 1


def test_an_upscaler_that_fits_keeps_whole_paintings(fast: Fast) -> None:
    tight = cramped(fast(), 40, Repeat())
    tight.paint(drawn(1), SIZES, sixteen_bit=False)
    assert stands(tight) == (1, 32, 0)


def test_when_the_lowest_strips_do_not_fit_there_is_one_clear_error(fast: Fast) -> None:
    tight = cramped(fast(batch=2), 15)
    with pytest.raises(DeviceError) as caught:
        tight.paint(drawn(2), SIZES, sixteen_bit=False)
    assert str(caught.value) == (
        "The memory of cpu does not suffice for one frame (CUDA out of memory. Tried to allocate 9 GiB). "
        "Use a smaller --size, --tile auto, --strip auto, --upscaler none or --device cpu."
    )
    assert tight.progress().strip == STRIPS[-1]


def test_strips_that_are_asked_for_are_painted_and_strips_that_are_forbidden_are_not(fast: Fast) -> None:
    frames = drawn(1)
    whole = Engine(fast()).picture_painter(SIZES)
    asked, forbidden = (cramped(fast(strip=strip), 20) for strip in (20, 0))
    painted = asked.paint(frames, SIZES, sixteen_bit=False)
    assert np.abs(painted.astype(int) - whole.paint(frames, SIZES, sixteen_bit=False)).max() <= 1
    with pytest.raises(DeviceError):
        forbidden.paint(frames, SIZES, sixteen_bit=False)


def test_a_video_whose_memory_runs_short_in_the_middle_keeps_every_frame(
    fast: Fast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make_clip(tmp_path / "a.mp4", frames=20)
    wanted = {"batch": 4, "codec": "ffv1"}
    run(source, tmp_path / "roomy.mkv", fast(**wanted))
    calls, paint = [], StyleGenerator.__call__

    def shrinking(model: StyleGenerator, images: Tensor) -> Tensor:
        calls.append(len(images))
        if len(calls) > 2 and len(images) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB")
        return paint(model, images)

    monkeypatch.setattr(StyleGenerator, "__call__", shrinking)
    result = run(source, tmp_path / "tight.mkv", fast(**wanted))
    assert calls == [4, 4, 4, 2] + [1] * 12
    assert result.warnings == (
        SHORT + "2 frames are now painted at once.",
        SHORT + "1 frames are now painted at once.",
    )
    assert video_times(tmp_path / "tight.mkv") == video_times(tmp_path / "roomy.mkv")
    pairs = zip(pictures(tmp_path / "tight.mkv"), pictures(tmp_path / "roomy.mkv"), strict=True)
    assert [np.abs(tight.astype(int) - roomy).max() <= 1 for tight, roomy in pairs] == [True] * 20


@pytest.mark.needs_cuda
def test_the_batch_on_a_gpu_follows_its_free_memory(fast: Fast, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = Engine(fast()).sizes((640, 360))
    assert Engine(fast(device="cuda")).picture_painter(sizes).config.batch == 16
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (1, 1))
    assert Engine(fast(device="cuda")).picture_painter(sizes).config.batch == 1
