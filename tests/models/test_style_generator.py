"""A style paints pictures of any size, alone as in a batch, and weights of another network are refused."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from vidstyle.errors import StyleError
from vidstyle.models.style_file import Style, save_style
from vidstyle.models.style_generator import StyleGenerator
from vidstyle.networks.resnet_generator import ResNetGenerator
from vidstyle.render.engine import Engine
from vidstyle.render.settings import RenderSettings


def _style(channels: int = 4, blocks: int = 5) -> Style:
    torch.manual_seed(0)
    return Style("resnet", channels, blocks, 192, ResNetGenerator(channels, blocks).state_dict(), {"steps": 3})


@pytest.mark.parametrize("size", [(32, 32), (33, 47), (17, 64)])
def test_any_size_is_painted_at_that_size(size: tuple[int, int]) -> None:
    painted = StyleGenerator(_style(), torch.device("cpu"), torch.float32)(torch.rand(2, 3, *size))
    assert painted.shape == (2, 3, *size)
    assert painted.min() >= 0 and painted.max() <= 1


def test_a_batch_is_painted_as_its_pictures_are() -> None:
    painter = StyleGenerator(_style(), torch.device("cpu"), torch.float32)
    pictures = torch.rand(3, 3, 32, 32)
    alone = torch.cat([painter(picture[None]) for picture in pictures])
    assert torch.allclose(painter(pictures), alone, atol=1e-6)


def test_weights_of_another_shape_are_refused() -> None:
    wrong = Style("resnet", 8, 5, 192, _style(4).weights)
    with pytest.raises(StyleError, match="do not fit its own description"):
        StyleGenerator(wrong, torch.device("cpu"), torch.float32)


def test_a_render_names_the_file_whose_weights_do_not_fit(tmp_path: Path) -> None:
    path = tmp_path / "mine.safetensors"
    save_style(Style("resnet", 8, 5, 192, _style(4).weights), path)
    with pytest.raises(StyleError) as caught:
        Engine(RenderSettings(style=str(path), device="cpu"))
    assert str(caught.value) == (
        f"{path}: The style's weights do not fit its own description, a resnet generator of 8 channels and 5 blocks. "
        "Train or download it anew."
    )


def test_weights_are_checked_without_loading_the_compiler_of_torch() -> None:
    script = (
        "import sys, torch\n"
        "from vidstyle.networks.generator_kinds import GENERATORS\n"
        "with torch.device('meta'):\n"
        "    for build in GENERATORS.values():\n"
        "        build(4, 6)\n"
        "sys.exit('torch._dynamo' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0
