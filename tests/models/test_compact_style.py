"""A style with the compact generator paints like every other style: at any size, in strips, and through `vidstyle render`."""

from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from torch import nn

from tests.drawings import drawing
from vidstyle.cli.render import render
from vidstyle.media.images import read_image, write_image
from vidstyle.models.style_file import Style, load_style, save_style
from vidstyle.models.style_generator import StyleGenerator
from vidstyle.networks.compact_generator import CompactGenerator

CPU = torch.device("cpu")


def style(blocks: int = 1) -> Style:
    """Return a style that changes pictures, of 4 channels and for a short side of 48 pixels."""
    torch.manual_seed(0)
    network = CompactGenerator(4, blocks)
    nn.init.normal_(network.leave.weight, 0, 0.2)
    return Style("compact", 4, blocks, 48, network.state_dict())


@pytest.mark.parametrize("size", [(16, 16), (33, 47)])
def test_any_size_is_painted_at_that_size(size: tuple[int, int]) -> None:
    images = torch.rand(2, 3, *size)
    painted = StyleGenerator(style(), CPU, torch.float32)(images)
    assert painted.shape == images.shape
    assert painted.min() >= 0 and painted.max() <= 1
    assert (painted - images).abs().mean() > 0.02


@pytest.mark.parametrize("rows", [16, 40])
def test_strips_equal_the_whole(rows: int) -> None:
    model, images = StyleGenerator(style(), CPU, torch.float32), torch.rand(1, 3, 277, 139)
    assert (model.in_strips(rows)(images) - model(images)).abs().max() < 2e-6
    exact = StyleGenerator(style(), CPU, torch.float64)
    assert (exact.in_strips(rows)(images) - exact(images)).abs().max() < 1e-13


def test_a_cell_of_surroundings_less_shows() -> None:
    model, images = StyleGenerator(style(), CPU, torch.float64), torch.rand(1, 3, 288, 32)
    assert isinstance(model.network, CompactGenerator)
    whole = model(images)
    model.network.receptive_radius -= 16
    assert (model.in_strips(16)(images) - whole).abs().max() > 1e-12


def test_render_paints_in_the_style_and_alike_in_strips(tmp_path: Path) -> None:
    save_style(style(), tmp_path / "compact.safetensors")
    assert load_style(tmp_path / "compact.safetensors").kind == "compact"
    write_image(tmp_path / "in.png", drawing(1, (240, 176)))
    painted = []
    for strip in ("0", "48"):
        target = tmp_path / f"{strip}.png"
        command = [str(tmp_path / "in.png"), "--style", str(tmp_path / "compact.safetensors"), "-o", str(target)]
        options = ["--size", "source", "--upscaler", "none", "--device", "cpu", "--precision", "fp32", "--strip", strip]
        result = CliRunner().invoke(render, [*command, *options])
        assert result.exit_code == 0, result.output + repr(result.exception)
        painted.append(read_image(target))
    assert np.abs(painted[0].astype(int) - drawing(1, (240, 176))).mean() > 3
    assert np.abs(painted[0].astype(int) - painted[1]).max() <= 1
