"""`--diversify` writes several results of each source, numbered, each by a seed of its own; video has one noise a shot."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.clips import make_clip
from tests.diffusion import WIDTH
from tests.render.test_stage_pictures import picture
from tests.renders import assert_same, broken_off
from vidstyle.errors import DependencyError, DeviceError, SettingsError, StyleError
from vidstyle.media.images import read_image
from vidstyle.models.inst import diffusion_files
from vidstyle.models.inst.diffusion_files import base_identity
from vidstyle.models.inst.look_file import Look, save_look
from vidstyle.models.style_file import load_style
from vidstyle.models.style_generator import StyleGenerator
from vidstyle.pixels import to_device
from vidstyle.render.diversify import DiversifiedGenerator, ShotCounter
from vidstyle.render.settings import RenderSettings
from vidstyle.render.stage import run

Fast = Callable[..., RenderSettings]
CPU = torch.device("cpu")


@pytest.fixture(scope="session")
def look(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a look that the tiny diffusion model knows."""
    path = tmp_path_factory.mktemp("look") / "inversion.safetensors"
    word = torch.randn(WIDTH, generator=torch.Generator().manual_seed(4))
    save_look(Look(word, str(tiny_base), base_identity(tiny_base)), path)
    return path


@pytest.fixture
def varied(fast: Fast, look: Path) -> Fast:
    """Return fast settings with a look and few steps."""
    return lambda **others: fast(**{"diversify": 1, "diversify_style": str(look), "diffusion_steps": 8, **others})


def test_each_result_has_a_number_and_is_another(varied: Fast, tmp_path: Path) -> None:
    source = picture(tmp_path / "photo.jpg", (61, 45))
    result = run(source, tmp_path / "out" / "photo.png", varied(diversify=3))
    names = [path.name for path in result.outputs]
    assert names == ["photo_01.png", "photo_02.png", "photo_03.png"]
    assert result.counts == {"pictures": 3}
    first, second, third = (read_image(path).astype(int) for path in result.outputs)
    assert first.shape == (45, 61, 3)
    assert min(np.abs(first - second).mean(), np.abs(first - third).mean(), np.abs(second - third).mean()) > 1


def test_a_single_result_keeps_the_name_and_repeats_that_of_its_seed(varied: Fast, tmp_path: Path) -> None:
    source = picture(tmp_path / "photo.png")
    run(source, tmp_path / "many.png", varied(diversify=2, seed=5))
    run(source, tmp_path / "one.png", varied(seed=6))
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "many_02.png").read_bytes()


def test_strength_0_is_the_painting_itself(
    varied: Fast, fast: Fast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = picture(tmp_path / "photo.png")
    monkeypatch.setattr("vidstyle.render.engine.load_diffusion", lambda *_, **__: pytest.fail("it was loaded"))
    run(source, tmp_path / "varied.png", varied(strength=0.0))
    run(source, tmp_path / "plain.png", fast())
    assert (tmp_path / "varied.png").read_bytes() == (tmp_path / "plain.png").read_bytes()


def test_a_folder_of_pictures_is_varied_and_results_that_stand_are_kept(varied: Fast, tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        picture(tmp_path / "in" / name)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a_02.png").write_bytes(b"mine")
    result = run(tmp_path / "in", tmp_path / "out", varied(diversify=2))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "a_01.png",
        "a_02.png",
        "b_01.png",
        "b_02.png",
    ]
    assert result.details["kept"] == [str(tmp_path / "out" / "a_02.png")]
    assert (tmp_path / "out" / "a_02.png").read_bytes() == b"mine"


def test_a_video_is_varied_frame_by_frame_with_a_warning_and_goes_on_after_a_crash(
    varied: Fast, tmp_path: Path
) -> None:
    source = make_clip(tmp_path / "clip.mp4", frames=6, size=(48, 32))
    settings = varied(diversify=2, segment=2, flicker="flow", diffusion_steps=4)
    said = []
    result = run(source, tmp_path / "whole.mp4", settings, lambda progress: said.append(progress.note))
    assert [path.name for path in result.outputs] == ["whole_01.mp4", "whole_02.mp4"]
    assert result.counts["frames"] == 12
    warning = (
        f"Every frame of {source} passes through a diffusion model many times, which is slow. Try some seconds of it first, "
        "with --start and --end."
    )
    assert [text for text in said if text] == [warning, warning]
    again = settings.for_variant(1)
    broken_off(source, tmp_path / "again.mp4", again, 4)
    run(source, tmp_path / "again.mp4", again)
    assert_same(tmp_path / "again.mp4", tmp_path / "whole_02.mp4")


class Recording:
    """Notes which shot each picture was varied for."""

    def __init__(self) -> None:
        self.shots: list[int] = []

    def diversify(self, image: torch.Tensor, shot: int) -> torch.Tensor:
        self.shots.append(shot)
        return image


def _diversified(style_path: Path, recording: Any) -> DiversifiedGenerator:
    return DiversifiedGenerator(StyleGenerator(load_style(style_path), CPU, torch.float32), recording, ShotCounter())


def test_the_noise_changes_where_a_shot_begins_and_nowhere_else_however_frames_are_batched(style_path: Path) -> None:
    dark, light = (to_device(np.full((3, 32, 48, 3), value, np.uint8), CPU) for value in (20, 220))
    frames = torch.cat([dark, light, dark])
    for size in (1, 2, 9):
        recording = Recording()
        model = _diversified(style_path, recording)
        for batch in frames.split(size):
            model(batch)
        assert recording.shots == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    recording = Recording()
    other = _diversified(style_path, recording)
    model(dark[:1])
    other.load_state(model.state())
    other(torch.cat([dark, light]))
    assert recording.shots == [2, 2, 2, 3, 3, 3]


def test_strips_of_the_generator_vary_whole_frames(style_path: Path) -> None:
    frames = to_device(np.random.default_rng(0).integers(0, 255, (1, 64, 48, 3), np.uint8), CPU)
    whole, strips = Recording(), Recording()
    painted = _diversified(style_path, whole)(frames)
    in_strips = _diversified(style_path, strips).in_strips(16)(frames)
    assert whole.shots == strips.shots == [0]
    assert (painted - in_strips).abs().max() < 1e-3


def test_short_memory_is_explained(style_path: Path) -> None:
    class Greedy:
        def diversify(self, image: torch.Tensor, shot: int) -> torch.Tensor:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB")

    with pytest.raises(DeviceError) as caught:
        _diversified(style_path, Greedy())(torch.rand(1, 3, 32, 32))
    assert str(caught.value) == (
        "The memory of cpu does not suffice to vary one frame (CUDA out of memory. Tried to allocate 9 GiB). Use "
        "--attention-slicing, --offload model or sequential, or a smaller --size."
    )


@pytest.mark.parametrize("changes", [{"diversify": 3}, {"diversify_style": "look.safetensors"}])
def test_one_without_the_other_is_refused(fast: Fast, changes: dict[str, Any]) -> None:
    with pytest.raises(SettingsError) as caught:
        fast(**changes)
    assert str(caught.value) == "Varied results need both: --diversify N, how many, and --diversify-style, the look."


def test_a_style_is_no_look(fast: Fast, style_path: Path, tmp_path: Path) -> None:
    source = picture(tmp_path / "photo.png")
    with pytest.raises(StyleError, match=r"is no look learnt by `vidstyle train --method inst`"):
        run(source, tmp_path / "out.png", fast(diversify=1, diversify_style=str(style_path)))


def test_without_the_extra_the_message_names_it(fast: Fast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_look(Look(torch.zeros(4), "base", ""), tmp_path / "look.safetensors")
    monkeypatch.setattr(diffusion_files, "find_spec", lambda name: None)
    with pytest.raises(DependencyError, match=r"pip install 'vidstyle\[inst\]'\.$"):
        run(
            picture(tmp_path / "photo.png"),
            tmp_path / "out.png",
            fast(diversify=1, diversify_style=str(tmp_path / "look.safetensors")),
        )
