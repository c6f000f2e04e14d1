"""The generator of a style as an image model, which paints pictures."""

from copy import copy
from functools import partial

import torch
from torch import Tensor

from vidstyle.errors import SettingsError, StyleError
from vidstyle.models.image_model import ImageModel
from vidstyle.models.onnx_network import OnnxNetwork, PictureForm
from vidstyle.models.openvino import OpenVINONetwork
from vidstyle.models.resize import padded_to_multiple
from vidstyle.models.runtime import Prepare, prepare_eager
from vidstyle.models.strips import GeneratorInStrips
from vidstyle.models.style_file import ONNX, Style
from vidstyle.models.tiles import Tiled
from vidstyle.networks.compact_generator import CompactGenerator
from vidstyle.networks.generator_kinds import GENERATORS, Generator
from vidstyle.networks.stylegan2 import StyleGAN2Generator
from vidstyle.pixels import from_signed_floats, to_signed_floats

SMALLEST_SIDE = 16
"""The smallest side of a picture that is painted, pixels."""


def build_generator(style: Style) -> Generator | OnnxNetwork:
    """Return the network of `style` with its weights, fp32 on the CPU; raises StyleError when they do not fit.

    A program in ONNX raises DependencyError without onnxruntime.
    """
    if style.kind == ONNX:
        return OnnxNetwork(style.weights[ONNX], PictureForm.of(style.program))
    _check_shapes(style)
    network = GENERATORS[style.kind](style.channels, style.blocks)
    network.load_state_dict(style.weights)
    return network


def _check_shapes(style: Style) -> None:
    """Raise StyleError where the style's weights do not fit its own description, before any memory is taken for it."""
    try:
        if style.blocks > len(style.weights):
            raise ValueError(f"{style.blocks} blocks, but {len(style.weights)} weights")
        with torch.device("meta"):
            described = GENERATORS[style.kind](style.channels, style.blocks)
        described.load_state_dict({name: weight.to("meta") for name, weight in style.weights.items()}, assign=True)
    except (RuntimeError, ValueError) as error:
        raise StyleError(
            f"The style's weights do not fit its own description, a {style.kind} generator of {style.channels} channels and "
            f"{style.blocks} blocks. Train or download it anew."
        ) from error


class StyleGenerator:
    """Paints (n, 3, h, w) in [0, 1] in a style, same shape and range, h and w from 16 pixels up; see ImageModel.

    `prepare` puts the network on the device, by default in eager mode. A program in ONNX runs on the CPU instead,
    and gives float32.
    """

    scale = 1
    multiple_of = 4
    half_ok = True

    def __init__(self, style: Style, device: torch.device, dtype: torch.dtype, prepare: Prepare | None = None) -> None:
        self.network = build_generator(style)
        self.device, self.dtype = device, torch.float32 if isinstance(self.network, OnnxNetwork) else dtype
        self.multiple_of = self.network.multiple_of
        prepare = prepare or partial(prepare_eager, device=device, dtype=dtype)
        self._paint = self.network if isinstance(self.network, OnnxNetwork) else prepare(self.network)

    def in_strips(self, rows: int) -> ImageModel:
        """Return a model with the same result that works in strips of `rows` rows, see WholeFrameModel.

        A generator without norms does not mix the whole frame, so tiles with sides of `rows` pixels do for it. Raises
        SettingsError for a program in ONNX, which takes whole frames.
        """
        if isinstance(self.network, OnnxNetwork):
            raise SettingsError(
                "A style that is a program in ONNX paints whole frames only. Leave --strip out, or use a smaller --size."
            )
        if isinstance(self.network, StyleGAN2Generator | CompactGenerator):
            return Tiled(self, rows, self.network.receptive_radius)
        model = copy(self)
        model._paint = GeneratorInStrips(self.network, rows)
        return model

    @torch.inference_mode()
    def __call__(self, images: Tensor) -> Tensor:
        """Return the painted images; they are padded to the network's multiple, and the padding is cut off again."""
        height, width = images.shape[2:]
        padded = padded_to_multiple(images.to(self.device, self.dtype), self.multiple_of)
        painted = self._paint(padded.mul(2).sub_(1))[:, :, :height, :width]
        return painted.add(1).div_(2)

    @torch.inference_mode()
    def paint_pixels(self, pixels: Tensor) -> Tensor:
        """Return painted pixels for (n, h, w, 3) uint8 on the generator's device: what painting them as images gives, rounded.

        It spares a CPU most passes over the floats of a frame.
        """
        height, width = pixels.shape[1:3]
        padded = padded_to_multiple(pixels.permute(0, 3, 1, 2), self.multiple_of)
        if isinstance(self._paint, OpenVINONetwork):
            painted = self._paint.paint_pixels(padded.permute(0, 2, 3, 1))
        else:
            painted = from_signed_floats(self._paint(to_signed_floats(padded).to(self.dtype))).permute(0, 2, 3, 1)
        return painted[:, :height, :width].clone(memory_format=torch.contiguous_format)


def painted_size(source: tuple[int, int], short_side: int) -> tuple[int, int]:
    """Return the (width, height) at which a picture of (width, height) is painted: with that short side, in multiples of 4.

    Full size stays as it is, since the generator pads and crops by itself.
    """
    if short_side == min(source):
        return source
    factor, step = short_side / min(source), StyleGenerator.multiple_of
    width, height = (max(SMALLEST_SIDE, round(side * factor / step) * step) for side in source)
    return width, height
