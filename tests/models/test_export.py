"""Exported generators paint the same pictures in other programs, at any size."""

from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from torch import nn

from vidstyle.cli.export import export
from vidstyle.errors import DependencyError, StyleError
from vidstyle.models.export import export_style
from vidstyle.models.style_file import Style, save_style
from vidstyle.models.style_generator import StyleGenerator
from vidstyle.networks.generator_kinds import GENERATORS

SIZES = ((1, 64, 64), (2, 48, 96))


def _style(kind: str) -> Style:
    torch.manual_seed(5)
    network = GENERATORS[kind](4, 5)
    if kind != "stylegan2":
        for weight in network.parameters():
            nn.init.normal_(weight, 0, 0.3)
    return Style(kind, 4, 5, 64, network.state_dict())


def _pictures(style: Style) -> list[tuple[torch.Tensor, torch.Tensor]]:
    painter = StyleGenerator(style, torch.device("cpu"), torch.float32)
    sources = [torch.rand(count, 3, height, width) for count, height, width in SIZES]
    pairs = [(source, painter(source)) for source in sources]
    assert min(painted.std() for _, painted in pairs) > 0.02
    return pairs


@pytest.mark.parametrize("kind", GENERATORS)
def test_torchscript_paints_the_same(tmp_path: Path, kind: str) -> None:
    style = _style(kind)
    save_style(style, tmp_path / "s.safetensors")
    command = [str(tmp_path / "s.safetensors"), "--to", "torchscript", "-o", str(tmp_path / "s.pt")]
    assert CliRunner().invoke(export, command).exit_code == 0
    loaded = torch.jit.load(tmp_path / "s.pt")
    for source, painted in _pictures(style):
        assert (loaded(source) - painted).abs().max() < 1 / 255


@pytest.mark.parametrize("kind", GENERATORS)
def test_onnx_paints_the_same(tmp_path: Path, kind: str) -> None:
    pytest.importorskip("onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    style = _style(kind)
    export_style(style, tmp_path / "s.onnx", "onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "s.onnx"), providers=["CPUExecutionProvider"])
    for source, painted in _pictures(style):
        (found,) = session.run(["painted"], {"images": source.numpy()})
        assert np.abs(found - painted.numpy()).max() < 1 / 255


def test_without_its_package_onnx_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vidstyle.models.export.find_spec", lambda name: None)
    with pytest.raises(DependencyError) as caught:
        export_style(_style("resnet"), tmp_path / "s.onnx", "onnx")
    assert str(caught.value) == ("Exporting to ONNX needs the package onnx. Install it: pip install 'vidstyle[onnx]'.")
    assert not (tmp_path / "s.onnx").exists()


def test_an_unknown_style_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(export, ["nobody", "--to", "torchscript", "-o", str(tmp_path / "s.pt")])
    assert isinstance(result.exception, StyleError)
