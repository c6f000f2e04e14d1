"""A generator of the public CUT or CycleGAN code becomes a style that paints the same picture."""

from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from torch import Tensor, nn

from tests.public_generators import PublicResNet
from vidstyle.cli.import_style import import_style
from vidstyle.errors import OutputError, StyleError
from vidstyle.models.importers.cut_and_cyclegan import read_public_generator
from vidstyle.models.style_file import load_style
from vidstyle.models.style_generator import StyleGenerator


def _trained(**variant: Any) -> nn.Module:
    torch.manual_seed(3)
    network = PublicResNet(**variant).eval()
    with torch.no_grad():
        for weight in network.parameters():
            weight.normal_(0, 0.2)
    return network


def _paint(path: Path, picture: Tensor) -> Tensor:
    return StyleGenerator(load_style(path), torch.device("cpu"), torch.float32)(picture)


@pytest.mark.parametrize("dropout", [False, True])
@pytest.mark.parametrize(("cut", "kind"), [(True, "resnet"), (False, "resnet-strided")])
@pytest.mark.parametrize("blocks", [6, 9])
def test_the_imported_style_paints_the_same_picture(
    tmp_path: Path, cut: bool, kind: str, dropout: bool, blocks: int
) -> None:
    network = _trained(blocks=blocks, cut=cut, dropout=dropout)
    torch.save(network.state_dict(), tmp_path / "latest_net_G.pth")
    command = [str(tmp_path / "latest_net_G.pth"), "-o", str(tmp_path / "s.safetensors"), "--size", "192"]
    result = CliRunner().invoke(import_style, command)
    assert result.exit_code == 0, result.output
    style = load_style(tmp_path / "s.safetensors")
    assert (style.kind, style.channels, style.blocks, style.size) == (kind, 8, blocks, 192)
    picture = torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        expected = (network(picture * 2 - 1) + 1) / 2
    assert expected.std() > 0.05
    assert (_paint(tmp_path / "s.safetensors", picture) - expected).abs().max() < 1 / 255


def test_names_of_several_gpus_and_statistics_of_old_versions_are_left_out(tmp_path: Path) -> None:
    state = {f"module.{name}": value for name, value in _trained().state_dict().items()}
    state |= {"module.model.2.running_mean": torch.ones(8), "module.model.2.num_batches_tracked": torch.tensor(3)}
    torch.save(state, tmp_path / "G.pth")
    assert read_public_generator(tmp_path / "G.pth", 256).channels == 8


def _without_bias(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: value for name, value in state.items() if name != "model.1.bias"}


def _padded_with_zeros(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.replace("conv_block.1.", "conv_block.0."): value for name, value in state.items()}


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (
            lambda state: {**state, "model.2.weight": torch.ones(8)},
            "it has batch norms, or instance norms with weights",
        ),
        (_without_bias, "its convolutions have no biases, as with batch norms"),
        (_padded_with_zeros, "its residual blocks are padded with zeros instead of reflections"),
        (lambda state: {**state, "model.1.weight": torch.ones(8, 4, 7, 7)}, "it takes 4 colour channels instead of 3"),
        (lambda state: {"model.model.0.weight": torch.ones(1)}, "it is a U-Net"),
        (lambda state: {"encoder.convs.1.0.weight": torch.ones(1)}, "it is a StyleGAN2 generator"),
        (
            lambda state: {"model.0.weight": torch.ones(64, 3, 4, 4), "model.11.weight": torch.ones(1, 8, 4, 4)},
            "it is a discr",
        ),
        (lambda state: {"mlp_0.0.weight": torch.ones(8, 3)}, "it is not a ResNet generator"),
        (lambda state: {**state, "model.99.weight": torch.ones(1)}, "its layers are neither those of CUT's nor"),
    ],
)
def test_what_cannot_be_imported_is_named(tmp_path: Path, change: Any, cause: str) -> None:
    torch.save(change(_trained().state_dict()), tmp_path / "G.pth")
    with pytest.raises(StyleError) as caught:
        read_public_generator(tmp_path / "G.pth", 256)
    assert str(caught.value).startswith(f"Cannot make a style of {tmp_path / 'G.pth'}: {cause}")
    assert str(caught.value).endswith("generator with instance norm, as CUT and CycleGAN make them by default.")


def test_half_antialiased_generators_are_refused(tmp_path: Path) -> None:
    state = {
        name.replace(f"model.{number}.", f"model.{number + 3}."): value
        for name, value in _trained().state_dict().items()
        if (number := int(name.split(".")[1])) is not None
    }
    state |= {"model.1.weight": torch.ones(8, 3, 7, 7), "model.1.bias": torch.ones(8)}
    torch.save(state, tmp_path / "G.pth")
    with pytest.raises(StyleError, match="only one of its two ways of resizing is antialiased"):
        read_public_generator(tmp_path / "G.pth", 256)


def test_a_style_that_is_there_is_replaced_only_when_told_to(tmp_path: Path) -> None:
    torch.save(_trained().state_dict(), tmp_path / "G.pth")
    command = [str(tmp_path / "G.pth"), "-o", str(tmp_path / "s.safetensors")]
    (tmp_path / "s.safetensors").write_text("precious")
    refused = CliRunner().invoke(import_style, command)
    assert isinstance(refused.exception, OutputError)
    assert (tmp_path / "s.safetensors").read_text() == "precious"
    assert CliRunner().invoke(import_style, [*command, "--overwrite"]).exit_code == 0
