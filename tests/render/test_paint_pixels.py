"""A frame that is painted at its own size on a CPU stays in whole pixels, and comes out as it does by way of floats."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from tests.models.test_compact_style import style as compact
from tests.styles import random_style
from vidstyle.models.runtime import Runtime, prepare
from vidstyle.models.style_generator import StyleGenerator
from vidstyle.render.engine import decide_config
from vidstyle.render.painter import Painter
from vidstyle.render.settings import RenderSettings
from vidstyle.render.sizes import Sizes

CPU = torch.device("cpu")
SIZE = (75, 52)
"""Not multiples of what the generators work in."""
PLAIN = {"device": "cpu", "finish": "none", "flicker": "off"}


class Watched(StyleGenerator):
    """A generator that counts how often it paints pixels, and how often floats."""

    pixels = floats = 0

    def paint_pixels(self, pixels: torch.Tensor) -> torch.Tensor:
        self.pixels += 1
        return super().paint_pixels(pixels)

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        self.floats += 1
        return super().__call__(images)


def frames_of(count: int) -> np.ndarray:
    coarse = np.random.default_rng(3).integers(0, 256, (count, 13, 15, 3), np.uint8)
    return coarse.repeat(4, axis=1).repeat(5, axis=2)


def painted(
    frames: np.ndarray, sizes: Sizes | None = None, runtime: Runtime | None = None, style: Any = None, **settings: Any
) -> tuple[np.ndarray, Watched]:
    runtime = runtime or Runtime(CPU, "fp32")
    generator = Watched(style or compact(), CPU, runtime.dtype, lambda network: prepare(network, runtime))
    asked = RenderSettings(**{**PLAIN, **settings})
    painter = Painter(generator, None, CPU, decide_config(runtime, asked), asked)
    return painter.paint(frames, sizes or Sizes(SIZE, SIZE, SIZE), sixteen_bit=frames.dtype == np.uint16), generator


@pytest.mark.parametrize("backend", ["eager", "openvino"])
@pytest.mark.parametrize("make", [compact, random_style], ids=["compact", "resnet"])
def test_pixels_become_what_floats_become(
    make: Callable[[], Any], backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if backend == "openvino":
        pytest.importorskip("openvino")
    frames, style = frames_of(3), make()
    short, watched = painted(frames, runtime=Runtime(CPU, "fp32", backend), style=style)
    assert (watched.pixels, watched.floats) == (3, 0)
    monkeypatch.setattr(Painter, "_stays_pixels", lambda *_: False)
    long, watched = painted(frames, style=style)
    assert watched.pixels == 0
    assert short.shape == long.shape and short.dtype == np.uint8
    difference = np.abs(short.astype(int) - long)
    assert difference.max() <= 1 and (difference > 0).mean() < 0.002


def test_results_stay_as_they_are_while_later_frames_are_painted() -> None:
    pytest.importorskip("openvino")
    runtime = Runtime(CPU, "fp32", "openvino")
    generator = StyleGenerator(compact(), CPU, torch.float32, lambda network: prepare(network, runtime))
    first, second = (torch.from_numpy(frame[None]) for frame in frames_of(2))
    kept = generator.paint_pixels(first)
    before = kept.clone()
    generator.paint_pixels(second)
    assert torch.equal(kept, before)


@pytest.mark.parametrize(
    "settings",
    [{"blend": 0.5}, {"keep_colour": True}, {"finish": "guided"}, {"strip": 16}],
    ids=lambda asked: next(iter(asked)),
)
def test_what_needs_floats_gets_them(settings: dict[str, Any]) -> None:
    _, watched = painted(frames_of(1), **settings)
    assert watched.pixels == 0


def test_other_sizes_depths_and_frames_without_contrast_take_the_way_of_floats() -> None:
    small = Sizes(SIZE, (60, 40), SIZE)
    deep = frames_of(1).astype(np.uint16) * 257
    flat = np.full((1, SIZE[1], SIZE[0], 3), 90, np.uint8)
    for frames, sizes in ((frames_of(1), small), (deep, None), (flat, None)):
        result, watched = painted(frames, sizes)
        assert watched.pixels == 0
        assert result.dtype == frames.dtype
    assert np.array_equal(result, flat)
