"""Stable Diffusion is loaded as InST needs it, moved as the user asks, and refused when it is of another kind."""

import json
import shutil
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from tests.diffusion import WIDTH
from vidstyle.errors import SettingsError, StyleError
from vidstyle.models.inst.diffusion import DiffusionBase
from vidstyle.models.inst.diffusion_files import libraries

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def base(tiny_base: Path) -> DiffusionBase:
    """The tiny diffusion model, fp32."""
    return DiffusionBase(tiny_base, CPU, torch.float32)


def word() -> Tensor:
    return torch.randn(WIDTH, generator=torch.Generator().manual_seed(4))


def test_the_learnt_word_and_only_it_changes_the_prompt(base: DiffusionBase) -> None:
    none, look, other = base.encode_prompt(None), base.encode_prompt(word()), base.encode_prompt(word() * 2)
    assert torch.equal(none, base.encode_prompt(None))
    assert torch.equal(none[:, 0], look[:, 0])
    assert (look - none)[:, 1].abs().max() > 0.01
    assert (look - other)[:, 1].abs().max() > 0.01


def test_offloading_is_refused_where_there_is_no_gpu(tiny_base: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        DiffusionBase(tiny_base, CPU, torch.float32, offload="model")
    assert str(caught.value) == "--offload model moves networks off a GPU, and this is the CPU. Leave it out."


@pytest.mark.parametrize("offload", ["model", "sequential"])
def test_offloading_is_that_of_the_library(tiny_base: Path, monkeypatch: pytest.MonkeyPatch, offload: str) -> None:
    asked = []
    pipeline = libraries()[0].StableDiffusionPipeline
    monkeypatch.setattr(pipeline, f"enable_{offload}_cpu_offload", lambda self, **how: asked.append(how))
    monkeypatch.setattr(pipeline, "to", lambda *_: pytest.fail("all of it was moved"))
    DiffusionBase(tiny_base, torch.device("cuda", 1), torch.float32, offload=offload)
    assert asked == [{"device": torch.device("cuda", 1)}]


def test_torchvision_is_hidden_only_while_the_libraries_load(tiny_base: Path) -> None:
    assert libraries()
    assert sys.modules.get("torchvision", "not loaded") is not None


def test_models_of_another_kind_are_refused(tiny_base: Path, tmp_path: Path) -> None:
    for part, name, value in (
        ("scheduler/scheduler_config.json", "prediction_type", "v_prediction"),
        ("unet/config.json", "in_channels", 9),
    ):
        folder = tmp_path / name
        shutil.copytree(tiny_base, folder)
        config = json.loads((folder / part).read_text()) | {name: value}
        (folder / part).write_text(json.dumps(config))
        if name == "in_channels":
            weights = load_file(folder / "unet" / "diffusion_pytorch_model.safetensors")
            weights["conv_in.weight"] = weights["conv_in.weight"].repeat(1, 3, 1, 1)[:, :9].contiguous()
            save_file(weights, folder / "unet" / "diffusion_pytorch_model.safetensors", {"format": "pt"})
        with pytest.raises(StyleError) as caught:
            DiffusionBase(folder, CPU, torch.float32)
        assert str(caught.value) == (
            f"{folder} is a diffusion model of another kind. Give a Stable Diffusion 1.x, not for inpainting."
        )
