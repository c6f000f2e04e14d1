"""A style without norms paints whole frames and needs no steadying; what the user asks for goes before that."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tests.clips import make_clip
from tests.models.test_compact_style import style as compact
from tests.renders import painter_of
from tests.styles import make_style
from vidstyle.cli.render import render
from vidstyle.media.images import write_image
from vidstyle.media.probe import probe
from vidstyle.models.style_file import save_style
from vidstyle.models.style_generator import StyleGenerator
from vidstyle.render.engine import Engine
from vidstyle.render.flicker import AlongFlow
from vidstyle.render.settings import RenderSettings
from vidstyle.render.stage import run


@pytest.fixture(scope="module")
def styles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return a style without norms and one with them, both for a short side well below the clips'."""
    folder = tmp_path_factory.mktemp("styles")
    save_style(compact(), folder / "compact.safetensors")
    return {"compact": folder / "compact.safetensors", "resnet": make_style(folder / "resnet.safetensors")}


def decided(path: Path, source: tuple[int, int], **asked: object) -> tuple[tuple[int, int], str, str]:
    engine = Engine(RenderSettings(style=str(path), device="cpu", **asked))
    sizes = engine.sizes(source)
    settings = engine.decided(engine.settings, sizes)
    return sizes.painted, settings.finish, settings.flicker


def test_without_norms_whole_frames_are_painted_up_to_a_cap(styles: dict[str, Path]) -> None:
    assert decided(styles["compact"], (640, 360)) == ((640, 360), "none", "denoise")
    assert decided(styles["compact"], (432, 288)) == ((540, 360), "none", "denoise")
    assert decided(styles["compact"], (480, 854)) == ((480, 854), "none", "denoise")
    assert decided(styles["compact"], (3840, 2160)) == ((852, 480), "guided", "denoise")
    assert decided(styles["resnet"], (640, 360)) == ((56, 32), "guided", "flow")


def test_what_is_asked_for_is_done(styles: dict[str, Path]) -> None:
    path = styles["compact"]
    assert decided(path, (640, 360), size=180) == ((320, 180), "guided", "denoise")
    assert decided(path, (640, 360), finish="guided", flicker="flow") == ((640, 360), "guided", "flow")
    assert decided(path, (640, 360), flicker="off") == ((640, 360), "none", "off")
    assert decided(path, (640, 360), calm=0.5)[1] == "guided"
    assert decided(path, (640, 360), outscale=2)[1] == "guided"
    assert decided(path, (640, 360), upscaler="realesr-animevideov3")[1] == "upscaler"
    assert decided(styles["resnet"], (640, 360), upscaler="none", flicker="off")[1:] == ("none", "off")


def test_the_painter_of_a_video_is_made_so(styles: dict[str, Path], tmp_path: Path) -> None:
    clip = probe(make_clip(tmp_path / "in.mp4", size=(96, 64), frames=2))
    kinds = {
        kind: type(painter_of(clip, Engine(RenderSettings(style=str(path), device="cpu"))).generator)
        for kind, path in styles.items()
    }
    assert kinds == {"compact": StyleGenerator, "resnet": AlongFlow}


@pytest.mark.parametrize("kind", ["video", "picture"])
def test_a_dry_run_names_the_finish_of_what_would_be_painted(
    styles: dict[str, Path], tmp_path: Path, kind: str
) -> None:
    if kind == "video":
        source = make_clip(tmp_path / "in.mp4", size=(96, 64), frames=2)
    else:
        source = tmp_path / "in.png"
        write_image(source, np.zeros((64, 96, 3), np.uint8))
    told = []
    for path in styles.values():
        target = tmp_path / f"out{source.suffix}"
        command = [str(source), "-o", str(target), "--style", str(path), "--device", "cpu", "--dry-run"]
        told.append(CliRunner().invoke(render, command).output)
    assert "with the finish none." in told[0] and "with the finish guided." in told[1]


def test_the_record_names_the_finish_of_each_size(styles: dict[str, Path], tmp_path: Path) -> None:
    for name, size in (("small", (64, 96)), ("large", (500, 500))):
        write_image(tmp_path / "in" / f"{name}.png", np.zeros((*size, 3), np.uint8))
    settings = RenderSettings(style=str(styles["compact"]), device="cpu")
    details = run(tmp_path / "in", tmp_path / "out", settings).details
    assert details["finish"] == "guided or none"
    assert run(tmp_path / "in" / "small.png", tmp_path / "small.png", settings).details["finish"] == "none"


def test_fast_paints_in_the_student_where_there_is_one_and_says_so(
    styles: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, kind in (("mine", "resnet"), ("mine-fast", "compact")):
        (tmp_path / "runs" / name).mkdir(parents=True)
        shutil.copy(styles[kind], tmp_path / "runs" / name / "style.safetensors")
    told: list[str] = []
    tell = lambda progress: told.append(progress.note)  # noqa: E731
    for style in ("mine", "runs/mine", "runs/mine/style.safetensors"):
        engine = Engine(RenderSettings(style=style, fast=True, device="cpu"), tell)
        assert engine.style.kind == "compact"
    assert told == ["Painting in the student runs/mine-fast/style.safetensors."] * 3
    assert Engine(RenderSettings(style="mine", device="cpu"), tell).style.kind == "resnet"
    assert Engine(RenderSettings(style="mine-fast", fast=True, device="cpu"), tell).style.kind == "compact"
    assert told[3:] == ["mine-fast has no student, so it paints itself. Make one: vidstyle distil mine-fast"]
