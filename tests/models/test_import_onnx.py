"""Any ONNX file that makes a picture of a picture becomes a style, whatever form of pictures it takes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from torch import Tensor
from torch.nn import functional

from tests.drawings import drawing
from tests.styles import make_style
from vidstyle.cli.import_style import import_style
from vidstyle.cli.render import render
from vidstyle.errors import DependencyError, SettingsError, StyleError
from vidstyle.media.images import read_image, write_image
from vidstyle.models.export import export_style
from vidstyle.models.importers.read_generator import read_generator
from vidstyle.models.style_file import Style, describe_generator, load_style, save_style
from vidstyle.models.style_generator import StyleGenerator, build_generator
from vidstyle.models.style_mixture import find_mixture

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
CPU = torch.device("cpu")
WEIGHT = torch.eye(3)[:, :, None, None] * 1.1 + 0.4 * torch.randn(
    3, 3, 3, 3, generator=torch.Generator().manual_seed(1)
)
SCALES = {"-1..1": (1.0, 0.0), "0..1": (0.5, 0.5), "0..255": (127.5, 127.5)}
"""What makes values of a range of values in [-1, 1]: a factor, and what is added."""


def program(path: Path, layout: str = "NCHW", values: str = "-1..1", sides: Any = ("h", "w"), cell: int = 1) -> Path:
    """Write a program: a 3x3 convolution and tanh, then means over cells of pixels; and return its path."""
    from onnx import helper, numpy_helper

    factor, shift = SCALES[values]
    constants = {"weight": WEIGHT, "factor": torch.tensor(factor), "shift": torch.tensor(shift)}
    constants["scales"] = torch.tensor([1.0, 1.0, cell, cell])
    nodes = [
        *[("Sub", ["nchw", "shift"], {}), ("Div", ["0", "factor"], {})],
        *[("Conv", ["1", "weight"], {"pads": [1] * 4}), ("Tanh", ["2"], {})],
        ("AveragePool", ["3"], {"kernel_shape": [cell, cell], "strides": [cell, cell]}),
        ("Resize", ["4", "", "scales"], {"mode": "nearest"}),
        *[("Mul", ["5", "factor"], {}), ("Add", ["6", "shift"], {})],
    ]
    made = [helper.make_node(kind, names, [str(number)], **more) for number, (kind, names, more) in enumerate(nodes)]
    three: Any = "c" if sides == ("?", "?") else 3
    shape: list[Any] = ["n", three, *sides] if layout == "NCHW" else [1, *sides, three]
    there, back = ([0, 3, 1, 2], [0, 2, 3, 1]) if layout == "NHWC" else ([0, 1, 2, 3],) * 2
    made = [
        helper.make_node("Transpose", ["picture"], ["nchw"], perm=there),
        *made,
        helper.make_node("Transpose", ["7"], ["painted"], perm=back),
    ]
    ends = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape) for name in ("picture", "painted")]
    initialisers = [numpy_helper.from_array(tensor.numpy(), name) for name, tensor in constants.items()]
    graph = helper.make_graph(made, "g", ends[:1], ends[1:], initialisers)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def twin(picture: Tensor, cell: int = 1) -> Tensor:
    """Return what the program is to paint of a picture in [0, 1]."""
    painted = functional.conv2d(picture * 2 - 1, WEIGHT, padding=1).tanh()
    return (functional.avg_pool2d(painted, cell).repeat_interleave(cell, 2).repeat_interleave(cell, 3) + 1) / 2


def paint(style: Style, picture: Tensor) -> Tensor:
    return StyleGenerator(style, CPU, torch.float32)(picture)


@pytest.mark.parametrize("values", SCALES)
@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_layout_and_range_are_found_by_trying(tmp_path: Path, layout: str, values: str) -> None:
    target = tmp_path / "s.safetensors"
    command = [str(program(tmp_path / "net.onnx", layout, values)), "-o", str(target), "--half", "--licence", "MIT"]
    result = CliRunner().invoke(import_style, command)
    assert result.exit_code == 0, result.output + repr(result.exception)
    style = load_style(target)
    assert (style.kind, style.size, style.licence) == ("onnx", 256, "MIT")
    assert describe_generator(style) == f"onnx, {layout}, rgb, values {values}, multiples of 4"
    picture = torch.rand(2, 3, 20, 32)
    assert (paint(style, picture) - twin(picture)).abs().max() < 1 / 255


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_a_layout_that_the_file_does_not_state_is_found_too(tmp_path: Path, layout: str) -> None:
    style = read_generator(program(tmp_path / "net.onnx", layout, sides=("?", "?")))
    assert style.program["layout"] == layout


def test_the_multiple_that_sides_must_be_is_found_by_trying(tmp_path: Path) -> None:
    style = read_generator(program(tmp_path / "net.onnx", "NHWC", cell=8))
    assert style.program["multiple_of"] == 8
    picture = torch.rand(1, 3, 21, 32)
    padded = functional.pad(picture, (0, 0, 0, 3), mode="replicate")
    assert (paint(style, picture) - twin(padded, 8)[:, :, :21]).abs().max() < 1 / 255


def test_a_program_of_fixed_size_paints_pictures_of_every_size(tmp_path: Path) -> None:
    style = read_generator(program(tmp_path / "net.onnx", sides=(24, 40)))
    assert (style.size, style.program["width"], style.program["height"]) == (24, 40, 24)
    picture = torch.rand(1, 3, 24, 40)
    assert (paint(style, picture) - twin(picture)).abs().max() < 1 / 255
    assert paint(style, torch.rand(1, 3, 30, 30)).shape == (1, 3, 30, 30)


def test_range_and_order_of_colours_may_be_given(tmp_path: Path) -> None:
    path = program(tmp_path / "net.onnx", values="0..255")
    style = read_generator(path, 96, "0..255", "bgr")
    picture = torch.rand(1, 3, 16, 16)
    assert (paint(style, picture) - twin(picture.flip(1)).flip(1)).abs().max() < 1 / 255
    assert (style.size, read_generator(path, 96, "0..1").program["values"]) == (96, "0..1")
    torch.save({"a": torch.ones(1)}, tmp_path / "net.pth")
    with pytest.raises(SettingsError, match=r"--range and --channel-order are for a file \.onnx"):
        read_generator(tmp_path / "net.pth", None, "0..1")


def test_render_paints_with_it_and_refuses_strips(tmp_path: Path) -> None:
    save_style(read_generator(program(tmp_path / "net.onnx")), tmp_path / "s.safetensors")
    write_image(tmp_path / "in.png", drawing(1, (64, 48)))
    command = [str(tmp_path / "in.png"), "--style", str(tmp_path / "s.safetensors"), "-o", str(tmp_path / "out.png")]
    options = ["--size", "source", "--finish", "none", "--precision", "bf16", "--backend", "auto"]
    result = CliRunner().invoke(render, [*command, *options])
    assert result.exit_code == 0, result.output + repr(result.exception)
    source = torch.from_numpy(drawing(1, (64, 48))).permute(2, 0, 1)[None] / 255
    expected = twin(source)[0].permute(1, 2, 0).numpy() * 255
    assert np.abs(read_image(tmp_path / "out.png") - expected).mean() < 2
    refused = CliRunner().invoke(render, [*command, *options, "--overwrite", "--strip", "16"])
    assert str(refused.exception).startswith("A style that is a program in ONNX paints whole frames only.")


def test_what_has_no_weights_is_neither_exported_nor_mixed(tmp_path: Path) -> None:
    style = read_generator(program(tmp_path / "net.onnx"))
    with pytest.raises(StyleError, match=r"Give other programs the file that it was imported from, net\.onnx\."):
        export_style(style, tmp_path / "again.onnx", "onnx")
    save_style(style, tmp_path / "a")
    make_style(tmp_path / "b")
    for mixed in ("a:1,a:1", "a:1,b:1"):
        spelled = ",".join(f"{tmp_path}/{part}" for part in mixed.split(","))
        with pytest.raises(StyleError, match="a program in ONNX has no weights that could be mixed"):
            find_mixture(spelled).load()
    for record in ({}, {"layout": "NCHW"}, {**style.program, "values": "0..2"}, {**style.program, "multiple_of": 0}):
        with pytest.raises(StyleError, match="The form of pictures of a program in ONNX is not usable"):
            build_generator(Style("onnx", 1, 1, 64, style.weights, program=record))


def test_other_programs_and_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from onnx import helper

    def saved(inputs: list[Any], kind: str = "Identity", numbers: int = onnx.TensorProto.FLOAT) -> Path:
        ends = [helper.make_tensor_value_info(str(number), numbers, shape) for number, shape in enumerate(inputs)]
        result = helper.make_tensor_value_info("y", numbers, None)
        nodes = [helper.make_node(kind, [str(number) for number in range(len(inputs))], ["y"])]
        graph = helper.make_graph(nodes, "g", ends, [result])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.save(model, tmp_path / "other.onnx")
        return tmp_path / "other.onnx"

    free = [1, 3, "h", "w"]
    (tmp_path / "text.onnx").write_text("Access denied")
    for make, cause in (
        (lambda: saved([free, free], "Add"), "It takes 2 inputs instead of one picture."),
        (lambda: saved([free], numbers=onnx.TensorProto.UINT8), r"It takes tensor\(uint8\) instead of floats\."),
        (lambda: saved([[1, 1, "h", "w"]]), r"instead of a picture of three channels, NCHW or NHWC\."),
        (lambda: saved([[1, 3, 64, "w"]]), "in which one side is fixed and the other free"),
        (lambda: saved([free], "GlobalAveragePool"), r"It makes \(1, 3, 1, 1\) of a picture of 96 x 96\."),
        (lambda: tmp_path / "text.onnx", "onnxruntime cannot run the program in ONNX: "),
        (lambda: tmp_path / "gone.onnx", r"Cannot read .*gone\.onnx: No such file"),
    ):
        with pytest.raises(StyleError, match=cause):
            read_generator(make())
    monkeypatch.setattr("vidstyle.models.onnx_network.find_spec", lambda name: None)
    with pytest.raises(
        DependencyError, match=r"Programs in ONNX need the package onnxruntime\. Install it: pip install"
    ):
        read_generator(saved([free]))
