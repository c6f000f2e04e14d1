"""A style file rebuilds its generator, and anything else is refused with a reason."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from tests.styles import make_style
from vidstyle.errors import StyleError
from vidstyle.models.style_file import Style, find_style, load_style, renderable_styles, save_style, start_identity
from vidstyle.models.style_generator import StyleGenerator
from vidstyle.models.tensor_file import load_state, save_state
from vidstyle.networks.resnet_generator import ResNetGenerator


def _style(channels: int = 4, blocks: int = 5) -> Style:
    torch.manual_seed(0)
    return Style("resnet", channels, blocks, 192, ResNetGenerator(channels, blocks).state_dict(), {"steps": 3})


def test_a_saved_style_paints_as_the_one_that_was_saved(tmp_path: Path) -> None:
    save_style(_style(), tmp_path / "s.safetensors")
    loaded = load_style(tmp_path / "s.safetensors")
    picture = torch.rand(1, 3, 32, 48)
    painters = [StyleGenerator(style, torch.device("cpu"), torch.float32) for style in (_style(), loaded)]
    assert torch.equal(painters[0](picture), painters[1](picture))
    assert (loaded.size, loaded.history) == (192, {"steps": 3})


def test_styles_and_states_in_a_folder_whose_name_is_not_utf_8_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "Fu\udcdfball"
    folder.mkdir()
    style = make_style(folder / "style.safetensors")
    assert load_style(style).weights.keys() == load_style(make_style(tmp_path / "style.safetensors")).weights.keys()
    save_state({"mean": torch.arange(3.0)}, folder / "state")
    assert load_state(folder / "state")["mean"].tolist() == [0, 1, 2]


def test_half_precision_halves_the_file_and_keeps_the_picture(tmp_path: Path) -> None:
    for dtype, name in ((torch.float32, "whole"), (torch.float16, "half")):
        save_style(_style(), tmp_path / name, dtype)
    sizes = [(tmp_path / name).stat().st_size for name in ("whole", "half")]
    assert sizes[1] < 0.6 * sizes[0]
    picture = torch.rand(1, 3, 32, 32)
    pictures = [
        StyleGenerator(load_style(tmp_path / name), torch.device("cpu"), torch.float32)(picture)
        for name in ("whole", "half")
    ]
    assert (pictures[0] - pictures[1]).abs().max() < 1 / 255


def test_files_that_are_no_style_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")
    save_file({"a": torch.zeros(1)}, tmp_path / "weights")
    with pytest.raises(
        StyleError, match=r"^Cannot read the style .*text: .*Give a style\.safetensors that train wrote\.$"
    ):
        load_style(tmp_path / "text")
    with pytest.raises(StyleError, match="holds weights, but not of a style"):
        load_style(tmp_path / "weights")


def test_styles_are_found_by_file_run_folder_and_run_name(tmp_path: Path) -> None:
    file = tmp_path / "runs" / "mine" / "style.safetensors"
    save_style(_style(), file)
    for name in (str(file), str(file.parent), "mine"):
        assert find_style(name, tmp_path / "runs") == file
    with pytest.raises(StyleError) as caught:
        find_style("nobody", tmp_path / "runs")
    assert str(caught.value).startswith("There is no style 'nobody'. Give a style file, the name of a run in ")


def test_licence_attribution_and_description_stay_with_a_style_and_may_be_missing(tmp_path: Path) -> None:
    save_style(_style(), tmp_path / "plain.safetensors")
    plain = load_style(tmp_path / "plain.safetensors")
    assert (plain.licence, plain.attribution, plain.description, plain.start) == ("", "", "", "")
    stated = replace(plain, licence="CC-BY-4.0", attribution="Änne \udcff", description="a film", start="ab" * 32)
    save_style(stated, tmp_path / "stated.safetensors")
    loaded = load_style(tmp_path / "stated.safetensors")
    assert (loaded.licence, loaded.attribution, loaded.description) == ("CC-BY-4.0", "Änne \\udcff", "a film")
    assert loaded.start == "ab" * 32


def test_styles_share_a_start_whatever_the_precision_of_its_file(tmp_path: Path) -> None:
    start = _style()
    save_style(start, tmp_path / "half.safetensors", torch.float16)
    identity = start_identity(start)
    assert start_identity(load_style(tmp_path / "half.safetensors")) == identity
    moved = {name: weight + 0.1 for name, weight in start.weights.items()}
    assert start_identity(replace(start, weights=moved)) != identity
    assert start_identity(replace(start, weights=moved, start=identity)) == identity


def test_styles_of_the_package_come_before_runs_of_the_same_name(tmp_path: Path) -> None:
    for name in ("default", "mine"):
        save_style(_style(), tmp_path / "runs" / name / "style.safetensors")
    found = renderable_styles(tmp_path / "runs")
    assert found["mine"] == tmp_path / "runs" / "mine" / "style.safetensors"
    assert all(find_style(name, tmp_path / "runs") == path for name, path in found.items())
