"""A look is learnt from one cartoon frame alone: no photos are needed, and what it leaves is small and whole."""

import shutil
from pathlib import Path

import pytest
import torch

from tests.train.conftest import picture, small
from vidstyle.cli.train import train as train_command
from vidstyle.errors import DependencyError, SettingsError, StyleError
from vidstyle.media.images import write_image
from vidstyle.models.inst import diffusion_files
from vidstyle.models.inst.look_file import Look, find_look, load_look, save_look
from vidstyle.models.style_file import Style, save_style
from vidstyle.networks.resnet_generator import ResNetGenerator
from vidstyle.progress import silent
from vidstyle.train.methods.inst import LookTraining
from vidstyle.train.settings import TrainSettings
from vidstyle.train.stage import run

CPU = torch.device("cpu")


@pytest.fixture
def frame(tmp_path: Path) -> Path:
    """A drawn frame of 72x60 pixels."""
    write_image(tmp_path / "frame.png", picture(3, flat=True))
    return tmp_path / "frame.png"


def _settings(base: Path | str, frame: Path, **changes: object) -> TrainSettings:
    return small(method="inst", base=str(base), style_image=str(frame), **changes)


@pytest.mark.parametrize("checkpointing", [False, True])
def test_training_lowers_the_loss_at_a_fixed_noise_and_time_step(
    tiny_base: Path, frame: Path, checkpointing: bool
) -> None:
    method = LookTraining(
        _settings(tiny_base, frame, lr=0.02, gradient_checkpointing=checkpointing), CPU, torch.float32
    )
    frozen = {name: weight.clone() for name, weight in method.base.unet.state_dict().items()}
    crops, whole = torch.rand(2, 3, 32, 32) * 2 - 1, torch.rand(1, 3, 40, 48) * 2 - 1
    losses = [float(method.step(crops, whole, torch.Generator().manual_seed(1))["noise"]) for _ in range(15)]
    assert losses[-1] < losses[0] * 0.99
    assert all(torch.equal(weight, frozen[name]) for name, weight in method.base.unet.state_dict().items())


def test_one_frame_is_enough_and_photos_are_not_asked_for(tiny_base: Path, frame: Path, tmp_path: Path) -> None:
    said = []
    result = run(
        tmp_path / "nothing",
        tmp_path / "runs",
        _settings(tiny_base, frame, crop=37),
        lambda progress: said.append(progress.note),
    )
    assert result.counts == {"photos": 0, "paintings": 1, "steps": 6}
    assert result.details == {"style_image": "frame.png"}
    assert result.outputs == (tmp_path / "runs" / "inst" / "inversion.safetensors",)
    assert not any(said)
    look = load_look(result.outputs[0])
    assert (look.embedding.shape, look.base) == ((16,), str(tiny_base))
    assert look.base_identity == diffusion_files.base_identity(tiny_base)
    assert look.history["settings"]["steps"] == 6
    assert result.outputs[0].stat().st_size < 5000


def test_a_seed_gives_the_same_word_again_and_another_seed_another(
    tiny_base: Path, frame: Path, tmp_path: Path
) -> None:
    words = []
    for name, seed in (("one", 0), ("same", 0), ("other", 1)):
        run(tmp_path, tmp_path / "runs", _settings(tiny_base, frame, name=name, seed=seed, steps=2), silent)
        words.append(load_look(tmp_path / "runs" / name / "inversion.safetensors").embedding)
    assert torch.equal(words[0], words[1])
    assert not torch.equal(words[0], words[2])


def test_a_finished_run_that_is_started_again_keeps_its_word_and_more_steps_extend_it(
    tiny_base: Path, frame: Path, tmp_path: Path
) -> None:
    words = []
    for name, steps in (("long", 4), ("short", 2), ("short", 2), ("short", 4)):
        run(tmp_path, tmp_path / "runs", _settings(tiny_base, frame, name=name, steps=steps), silent)
        words.append(load_look(tmp_path / "runs" / name / "inversion.safetensors").embedding)
    assert torch.equal(words[1], words[2])
    assert torch.equal(words[0], words[3])


def test_a_look_comes_back_from_its_file_as_it_was(tmp_path: Path) -> None:
    look = Look(torch.randn(16), "some/base", "abc", {"steps": 7})
    save_look(look, tmp_path / "runs" / "mine" / "inversion.safetensors")
    for name in (tmp_path / "runs" / "mine" / "inversion.safetensors", tmp_path / "runs" / "mine", "mine"):
        loaded = load_look(find_look(str(name), tmp_path / "runs"))
        assert torch.equal(loaded.embedding, look.embedding)
        assert (loaded.base, loaded.base_identity, loaded.history) == ("some/base", "abc", {"steps": 7})


def test_files_that_hold_no_look_are_refused(tmp_path: Path) -> None:
    style, torn = tmp_path / "style.safetensors", tmp_path / "torn.safetensors"
    save_style(Style("resnet", 4, 5, 32, ResNetGenerator(4, 5).state_dict()), style)
    torn.write_bytes(style.read_bytes()[:100])
    with pytest.raises(StyleError) as caught:
        load_look(style)
    assert str(caught.value) == (
        f"{style} is no look learnt by `vidstyle train --method inst`. Give the inversion.safetensors of its run."
    )
    with pytest.raises(
        StyleError, match=r"^Cannot read the look .*torn\.safetensors: .* Give the file that train wrote\.$"
    ):
        load_look(torn)
    with pytest.raises(StyleError) as caught:
        find_look("nowhere")
    assert str(caught.value) == (
        "There is no look 'nowhere'. Learn one with `vidstyle train --method inst`, and give its file, its run folder or the "
        "name of its run in runs/."
    )


def test_auto_takes_the_most_typical_frame() -> None:
    assert TrainSettings(method="inst", base="some/base", style_image="auto").style_image == "central"


def test_a_base_must_be_named() -> None:
    with pytest.raises(SettingsError) as caught:
        TrainSettings(method="inst")
    assert str(caught.value) == (
        "The method inst needs a Stable Diffusion 1.x. Give --base a folder in the layout of diffusers, or an id of the "
        "Hugging Face hub."
    )


def test_without_the_extra_the_message_names_it(frame: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    diffusion_files.libraries.cache_clear()
    monkeypatch.setattr(diffusion_files, "find_spec", lambda name: None if name == "accelerate" else object())
    with pytest.raises(DependencyError) as caught:
        run(tmp_path, tmp_path / "runs", _settings("base", frame), silent)
    assert str(caught.value) == (
        "InST computes with diffusers, transformers, accelerate, and accelerate is not installed. Install its extra: "
        "pip install 'vidstyle[inst]'."
    )
    assert not (tmp_path / "runs").exists()


def test_a_base_that_cannot_be_reached_is_named_and_downloads_are_announced(
    tiny_base: Path, frame: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, said = [], []

    def refuse(name: str, **how: object) -> str:
        asked.append(how.get("local_files_only", False))
        raise OSError("no way to the network")

    monkeypatch.setattr(diffusion_files.libraries()[0].StableDiffusionPipeline, "download", refuse)
    with pytest.raises(StyleError) as caught:
        run(tmp_path, tmp_path / "runs", _settings("some/base", frame), lambda progress: said.append(progress.note))
    assert asked == [True, False]
    assert [text for text in said if text] == [
        "some/base is not on this machine: it is asked for at the Hugging Face hub now (about 4 GB)."
    ]
    assert str(caught.value) == (
        "There is no model 'some/base': it is no folder, not in the hub's cache, and the hub did not give it (no way to the "
        "network). Give a folder with a model in the layout of diffusers, or an id of the hub and a way to the network."
    )


def test_folders_that_hold_no_base_are_refused(tiny_base: Path, frame: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "model_index.json").write_text("{}")
    shutil.copytree(tiny_base, tmp_path / "broken")
    weights = tmp_path / "broken" / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    for name, message in (
        ("empty", r"has no model_index\.json: it is no whole model in the layout of diffusers\. Give another\.$"),
        ("half", r"has no unet/\*model\*\.\*: it is no whole model in the layout of diffusers\. Give another\.$"),
        ("broken", r"^The base .*broken cannot be loaded \(.*\)\. Copy or download it again\.$"),
        ("gone", r"^There is no folder .*gone\. Give a folder with a model in the layout of diffusers"),
    ):
        with pytest.raises(StyleError, match=message):
            run(tmp_path, tmp_path / "runs", _settings(tmp_path / name, frame), silent)


def test_help_names_the_settings_of_the_method_alone() -> None:
    helps = {option.name: option.help for option in train_command.params if hasattr(option, "help")}
    assert (
        helps["base"]
        == "Stable Diffusion 1.x: a folder in the layout of diffusers, or an id of the hub (only with inst)."
    )
    assert "not with inst" in helps["photos"]
