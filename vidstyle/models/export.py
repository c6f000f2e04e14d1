"""Exporting the generator of a style to ONNX or TorchScript, which other programs run."""

import warnings
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

import torch
from torch import Tensor, nn

from vidstyle.errors import DependencyError, StyleError
from vidstyle.files import whole_file
from vidstyle.models.style_file import ONNX, Style
from vidstyle.models.style_generator import build_generator

_OPSET = 17
"""Version of ONNX's operators."""


class _UnitRangeGenerator(nn.Module):
    """A generator whose input and output are in [0, 1] instead of [-1, 1]."""

    def __init__(self, generator: nn.Module) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, images: Tensor) -> Tensor:
        painted: Tensor = (self.generator(images * 2 - 1) + 1) / 2
        return painted


def export_style(style: Style, target: Path, to: str) -> None:
    """Write the generator of `style` in fp32 as `to` says, `onnx` or `torchscript`, whole or not at all.

    Its input `images` and its output `painted` are (n, 3, h, w) in [0, 1]. The sides h and w must be multiples of 4,
    of 16 for a compact style. Raises StyleError, OutputError, or DependencyError naming the extra that ONNX needs.
    """
    if style.kind == ONNX:
        raise StyleError(
            "The style is a program in ONNX, and no network that could be traced. Give other programs the file that it was "
            f"imported from, {style.history.get('imported_from', 'an ONNX file')}."
        )
    if to == "onnx" and find_spec("onnx") is None:
        raise DependencyError("Exporting to ONNX needs the package onnx. Install it: pip install 'vidstyle[onnx]'.")
    network = _UnitRangeGenerator(build_generator(style)).eval().requires_grad_(False)
    example = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with whole_file(target) as partial, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if to == "onnx":
            _write_onnx(network, example, partial)
        else:
            # Into memory first: what torch opens itself hides what the system said, and takes only names in Unicode.
            program = BytesIO()
            torch.jit.save(torch.jit.trace(network, example), program)
            partial.write_bytes(program.getvalue())


def _write_onnx(network: nn.Module, example: Tensor, target: Path) -> None:
    """Write the traced network; torch's newer exporter would also need the package onnxscript."""
    dynamic = {0: "n", 2: "height", 3: "width"}
    model = BytesIO()
    torch.onnx.export(
        network,
        (example,),
        model,  # type: ignore[arg-type]  # only its newer exporter takes none
        dynamo=False,
        opset_version=_OPSET,
        input_names=["images"],
        output_names=["painted"],
        dynamic_axes={"images": dynamic, "painted": dynamic},
    )
    target.write_bytes(model.getvalue())
