"""Layouts of public generators that become styles name by name: CartoonGAN, fast-neural-style and AnimeGANv2."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from vidstyle.errors import StyleError
from vidstyle.models.style_file import Style
from vidstyle.models.style_generator import build_generator
from vidstyle.networks.generator_kinds import GENERATORS

State = dict[str, Tensor]
HALF_RANGE = 127.5
"""Half of the range from 0 to 255."""


@dataclass(frozen=True)
class Layout:
    """How a public program names the parameters of a generator.

    `title` is what its users call it, `kind` what the generator is called in style files. `mark` is a parameter that no
    other layout has. `names` gives all names in the order of our network, for a number of blocks. `block` finds the number
    of a block in a name. `adapted` makes weights for RGB in [-1, 1] of them.
    """

    title: str
    kind: str
    mark: str
    block: re.Pattern[str]
    names: Callable[[int], list[str]]
    adapted: Callable[[State], State]

    def read(self, path: Path, state: Mapping[str, Tensor], size: int) -> Style:
        """Return the generator in a file's `state` as a style; raises StyleError that says what does not fit."""
        blocks = len({match[1] for name in state if (match := self.block.match(name))})
        names = self.names(blocks)
        whole = f"Cannot make a style of {path}: it names its layers as {self.title} does, but"
        if missing := [name for name in names if name not in state]:
            raise StyleError(f"{whole} {missing[0]} is missing. Give a whole generator.")
        if not all(state[name].is_floating_point() for name in names):
            raise StyleError(f"{whole} its weights are whole numbers, as in a quantised network. Give one in floats.")
        weights, channels = self.adapted({name: state[name] for name in names}), state[names[0]].shape[0]
        with torch.device("meta"):
            ours = GENERATORS[self.kind](channels, blocks).state_dict()
        renamed = dict(zip(ours, (weights[name] for name in names), strict=False))
        style = Style(self.kind, channels, blocks, size, renamed, {"imported_from": path.name})
        try:
            build_generator(style)
        except StyleError as error:
            raise StyleError(f"{whole} they have other shapes. Give a generator of the published size.") from error
        return style


def _of(layers: Sequence[str], parts: Sequence[str] = ("weight", "bias")) -> list[str]:
    return [f"{layer}.{part}" for layer in layers for part in parts]


def _cartoon_gan_names(blocks: int) -> list[str]:
    def norm(name: str) -> list[str]:
        return _of([name], ("scale", "shift"))

    names = [*_of(["conv01_1"]), *norm("in01_1")]
    for number in ("02", "03"):
        names += [*_of([f"conv{number}_1", f"conv{number}_2"]), *norm(f"in{number}_1")]
    for block in range(4, 4 + blocks):
        for half in (1, 2):
            names += [*_of([f"conv{block:02d}_{half}"]), *norm(f"in{block:02d}_{half}")]
    for doubling in (1, 2):
        names += [*_of([f"deconv0{doubling}_1", f"deconv0{doubling}_2"]), *norm(f"in{doubling + 3 + blocks:02d}_1")]
    return names + _of(["deconv03_1"])


def _from_bgr(state: State) -> State:
    """Return weights for RGB of weights for BGR."""
    first, last = state["conv01_1.weight"].flip(1), [state[name].flip(0) for name in _of(["deconv03_1"])]
    return state | {"conv01_1.weight": first} | dict(zip(_of(["deconv03_1"]), last, strict=True))


def _fast_neural_style_names(blocks: int) -> list[str]:
    names = [name for number in (1, 2, 3) for name in _of([f"conv{number}.conv2d", f"in{number}"])]
    for number in range(1, blocks + 1):
        names += _of([f"res{number}.{layer}" for layer in ("conv1.conv2d", "in1", "conv2.conv2d", "in2")])
    return [*names, *_of(["deconv1.conv2d", "in4", "deconv2.conv2d", "in5", "deconv3.conv2d"])]


def _from_bytes(state: State) -> State:
    """Return weights for values in [-1, 1] of weights for values from 0 to 255."""
    weight, bias = (state[name] for name in _of(["conv1.conv2d"]))
    last_weight, last_bias = (state[name] for name in _of(["deconv3.conv2d"]))
    scaled = [weight * HALF_RANGE, bias + HALF_RANGE * weight.sum((1, 2, 3))]
    scaled += [last_weight / HALF_RANGE, last_bias / HALF_RANGE - 1]
    return state | dict(zip(_of(["conv1.conv2d", "deconv3.conv2d"]), scaled, strict=True))


def _animegan2_names(blocks: int) -> list[str]:
    def convolution(layer: str) -> list[str]:
        return [f"{layer}.1.weight", *_of([f"{layer}.2"])]

    names = [name for layer in ("a.0", "a.1", "a.2", "b.0", "b.1", "c.0") for name in convolution(f"block_{layer}")]
    for number in range(1, blocks + 1):
        layers = f"block_c.{number}.layers"
        names += [*convolution(f"{layers}.0"), *_of([f"{layers}.1.1", f"{layers}.1.2"])]
        names += [f"{layers}.2.weight", *_of([f"{layers}.3"])]
    for layer in (f"c.{blocks + 1}", "d.0", "d.1", "e.0", "e.1", "e.2"):
        names += convolution(f"block_{layer}")
    return [*names, "out_layer.0.weight"]


LAYOUTS = (
    Layout(
        *("CartoonGAN", "cartoongan", "in01_1.scale", re.compile(r"in(\d\d)_2\.scale")),
        *(_cartoon_gan_names, _from_bgr),
    ),
    Layout(
        *("fast-neural-style", "fast-neural-style", "deconv1.conv2d.weight", re.compile(r"res(\d+)\.")),
        *(_fast_neural_style_names, _from_bytes),
    ),
    Layout(
        *("AnimeGANv2", "animegan2", "block_a.0.1.weight", re.compile(r"block_c\.(\d+)\.layers\.")),
        *(_animegan2_names, dict),
    ),
)
"""The layouts that are read."""
