"""CartoonGAN's, fast-neural-style's and AnimeGANv2's generators become styles that paint the same pictures."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from torch import Tensor, nn

from tests.public_layouts import PublicAnimeGAN2, PublicCartoonGAN, PublicFastNeuralStyle
from vidstyle.cli.import_style import import_style
from vidstyle.errors import StyleError
from vidstyle.models.importers.read_generator import read_generator
from vidstyle.models.style_file import load_style
from vidstyle.models.style_generator import StyleGenerator

CPU = torch.device("cpu")


def in_bgr(network: nn.Module, picture: Tensor) -> Tensor:
    """Return what a network paints that takes and gives BGR in [-1, 1]; pictures are RGB in [0, 1]."""
    return ((network(picture.flip(1) * 2 - 1) + 1) / 2).flip(1)


def in_bytes(network: nn.Module, picture: Tensor) -> Tensor:
    """The same for RGB from 0 to 255."""
    return network(picture * 255).clamp(0, 255) / 255


def in_signed_rgb(network: nn.Module, picture: Tensor) -> Tensor:
    """The same for RGB in [-1, 1]."""
    return (network(picture * 2 - 1) + 1) / 2


PUBLIC = [
    ("cartoongan", PublicCartoonGAN, in_bgr, 8),
    ("fast-neural-style", PublicFastNeuralStyle, in_bytes, 5),
    ("animegan2", PublicAnimeGAN2, in_signed_rgb, 4),
]


def trained(make: Callable[[], nn.Module]) -> nn.Module:
    """Return a network with weights from a seed, which paints with contrast and in its range."""
    torch.manual_seed(4)
    network = make().eval().requires_grad_(False)
    for name, weight in network.named_parameters():
        weight.normal_(0, 0.3)
        if weight.dim() == 1 and name.endswith(("scale", "weight")):
            weight.add_(1)
    if isinstance(network, PublicFastNeuralStyle):
        network.deconv3.conv2d.weight.mul_(20)
        network.deconv3.conv2d.bias.add_(127)
    return network


@pytest.mark.parametrize(("kind", "make", "paint", "blocks"), PUBLIC, ids=[row[0] for row in PUBLIC])
def test_the_imported_style_paints_the_same_picture(
    tmp_path: Path, kind: str, make: Callable[[], nn.Module], paint: Callable[[nn.Module, Tensor], Tensor], blocks: int
) -> None:
    network = trained(make)
    state = {f"module.{name}": value for name, value in network.state_dict().items()}
    torch.save(state, tmp_path / "net.pth")
    target = tmp_path / "s.safetensors"
    texts = ["--licence", "MIT", "--attribution", "its author"]
    command = [str(tmp_path / "net.pth"), "-o", str(target), "--size", "192", *texts]
    result = CliRunner().invoke(import_style, command)
    assert result.exit_code == 0, result.output + repr(result.exception)
    style = load_style(target)
    assert (style.kind, style.channels, style.blocks, style.size) == (kind, 2, blocks, 192)
    assert (style.licence, style.attribution, style.history) == ("MIT", "its author", {"imported_from": "net.pth"})
    picture = torch.rand(1, 3, 48, 64)
    expected = paint(network, picture)
    assert expected.std() > 0.05
    generator = StyleGenerator(style, CPU, torch.float32)
    assert (generator(picture) - expected).abs().max() < 1 / 255
    assert (generator.in_strips(16)(picture) - expected).abs().max() < 1 / 255


@pytest.mark.parametrize(("kind", "make", "paint", "blocks"), PUBLIC, ids=[row[0] for row in PUBLIC])
def test_a_file_that_is_not_whole_or_of_another_shape_is_refused(
    tmp_path: Path, kind: str, make: Callable[[], nn.Module], paint: object, blocks: int
) -> None:
    state = make().state_dict()
    last = list(state)[-1]
    for changed, cause in (
        ({name: value for name, value in state.items() if name != last}, f"does, but {last} is missing. Give a whole"),
        ({**state, last: torch.ones(9)}, "does, but they have other shapes. Give a generator of the published size."),
        ({**state, last: state[last].int()}, "does, but its weights are whole numbers, as in a quantised network."),
    ):
        torch.save(changed, tmp_path / "net.pth")
        with pytest.raises(StyleError) as caught:
            read_generator(tmp_path / "net.pth")
        assert cause in str(caught.value)
