"""The ways of rendering that are compared, and the painter for each: built by hand, since `Engine` would choose by itself."""

from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from torch import nn

from benchmarks.on_gpu.figures import FlopCount
from vidstyle.device import DTYPES
from vidstyle.models.cuda_graphs import CUDAGraphNetwork
from vidstyle.models.runtime import Network, Prepare, prepare_eager
from vidstyle.models.style_file import Style
from vidstyle.models.style_generator import StyleGenerator
from vidstyle.models.upscaler import load_upscaler
from vidstyle.render.flicker import reduce_flicker
from vidstyle.render.painter import Painter
from vidstyle.render.painter_config import PainterConfig
from vidstyle.render.settings import UPSCALERS, RenderSettings
from vidstyle.render.sizes import Sizes

UPSCALER = UPSCALERS[0]


@dataclass(frozen=True)
class Case:
    """One way of rendering; `layout` is that of the generator's weights, `first` or `last` for where channels stand."""

    size: str
    finish: str = "guided"
    batch: int = 8
    precision: str = "bf16"
    graphs: bool = True
    layout: str = "first"
    compiled: bool = False
    flicker: str = "off"


SIZES = {
    "480x270 -> 1920x1080": Sizes((480, 270), (480, 270), (1920, 1080)),
    "1920x1080 whole": Sizes((1920, 1080), (1920, 1080), (1920, 1080)),
}
TINY_SIZES = {
    "64x36 -> 256x144": Sizes((64, 36), (64, 36), (256, 144)),
    "96x56 whole": Sizes((96, 56), (96, 56), (96, 56)),
}
CHANGES: tuple[dict[str, Any], ...] = (
    {"graphs": False},
    {"layout": "last"},
    {"batch": 1},
    {"batch": 4},
    {"batch": 16},
    {"precision": "fp16"},
    {"precision": "fp32"},
    {"flicker": "flow"},
    {"compiled": True},
)
"""What is changed of a case, one thing at a time."""


def cases(rehearse: bool) -> list[Case]:
    """Return all cases: each size with the finishes that suit it, then each change of the first and of the last of them."""
    if rehearse:
        small, whole = TINY_SIZES
        tiny = {"batch": 2, "precision": "fp32"}
        first = [Case(small, "upscaler", **tiny), Case(small, **tiny), Case(whole, **tiny)]
        return [*first, replace(first[0], layout="last"), replace(first[1], flicker="flow")]
    small, whole = SIZES
    first = [Case(small, "upscaler"), Case(small), Case(whole)]
    changed = [replace(case, **change) for change in CHANGES for case in (first[0], first[-1])]
    return [*first, *changed, Case(small, "both")]


def sizes_of(case: Case) -> Sizes:
    """Return the sizes of a case."""
    return (SIZES | TINY_SIZES)[case.size]


def described(case: Case, style: Style) -> dict[str, Any]:
    """Return what tells a case from the others, for its row."""
    return {**asdict(case), "generator": f"{style.kind}, {style.channels} channels"}


def preparing(case: Case, device: torch.device) -> Prepare:
    """Return what puts networks on the device as the case asks for; upscalers are channels last, as always."""

    def prepare(network: nn.Module, *, channels_last: bool = False) -> Network:
        layout = channels_last or case.layout == "last"
        function: Network = prepare_eager(network, device, DTYPES[case.precision], channels_last=layout)
        if case.compiled:
            function = torch.compile(function, dynamic=False)
        return CUDAGraphNetwork(function) if case.graphs and device.type == "cuda" else function

    return prepare


def painter_of(case: Case, style: Style, device: torch.device, settings: RenderSettings) -> Painter:
    """Return the painter for a case."""
    dtype, prepare = DTYPES[case.precision], preparing(case, device)
    generator = reduce_flicker(StyleGenerator(style, device, dtype, prepare), case.flicker)
    settings = replace(settings, finish=case.finish)
    enlarges = settings.is_upscaled and sizes_of(case).asks_for_upscaler
    upscaler = load_upscaler(UPSCALER, device, dtype, prepare) if enlarges else None
    config = PainterConfig("compile" if case.compiled else "eager", case.precision, case.batch, 0, 0)
    return Painter(generator, upscaler, device, config, settings)


def flop_a_frame(case: Case, style: Style, device: torch.device) -> float:
    """Return the floating-point operations of convolutions and matrix products that one frame takes."""
    plain = replace(case, graphs=False, compiled=False, flicker="off", batch=1)
    painter = painter_of(plain, style, device, RenderSettings(flicker="off"))
    width, height = sizes_of(case).painted
    with FlopCount() as counter, torch.inference_mode():
        painter.enlarge(painter.generator(torch.zeros(1, 3, height, width, device=device)).float())
    return float(counter.flop)
