"""The stages from Python: what they return, what they refuse, and that they print nothing."""

import inspect
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.clips import make_clip
from tests.renders import shown
from tests.styles import make_style
from vidstyle import api
from vidstyle.cli.main import main
from vidstyle.errors import InputError, SettingsError, StyleError
from vidstyle.media.images import read_image, write_image
from vidstyle.progress import Progress
from vidstyle.render.settings import RenderSettings
from vidstyle.settings import describe
from vidstyle.train.settings import TrainSettings

PLAIN: dict[str, Any] = {"device": "cpu", "precision": "fp32", "upscaler": "none"}


@pytest.fixture(scope="module")
def style(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_style(tmp_path_factory.mktemp("style") / "random.safetensors")


def picture(seed: int, size: tuple[int, int] = (60, 44)) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(0, 256, (size[1] // 4, size[0] // 4, 3), np.uint8)
    return np.kron(coarse, np.ones((4, 4, 1), np.uint8))


def test_importing_it_loads_no_heavy_library() -> None:
    code = "import sys, vidstyle.api; print(*sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(Path(api.__file__).parent.parent)}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    loaded = {name.split(".")[0] for name in run.stdout.split()}
    assert not loaded & {"torch", "numpy", "av", "cv2", "PIL", "safetensors", "click", "rich", "ray"}


@pytest.mark.parametrize(
    ("function", "settings"), [(api.render, RenderSettings), (api.train, TrainSettings)], ids=["render", "train"]
)
def test_help_shows_every_setting_with_its_default(function: Any, settings: Any) -> None:
    parameters = inspect.signature(function).parameters
    for setting in describe(settings):
        assert parameters[setting.name].default == setting.default
        assert f"    {setting.name}: {setting.help}" in inspect.getdoc(function).splitlines()  # type: ignore[union-attr]
    assert "settings" not in parameters


def test_an_unknown_keyword_is_named_with_the_known_ones() -> None:
    with pytest.raises(SettingsError) as caught:
        api.render("in.mp4", "out.mp4", sise=360)
    assert str(caught.value).startswith("render() has no setting 'sise'. Did you mean size? Known: attention_slicing,")
    with pytest.raises(SettingsError, match=r"^load_style\(\) has no setting 'crf'\. Known: backend, blend, "):
        api.load_style(crf=3)
    with pytest.raises(SettingsError, match="crf cannot be 100: it takes N, at least 0 and at most 63"):
        api.render("in.mp4", "out.mp4", crf=100)


def test_a_video_is_rendered_as_the_command_renders_it_and_nothing_is_printed(
    tmp_path: Path, style: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=5, audio=1)
    told: list[Progress] = []
    result = api.render(source, tmp_path / "out.webm", style=style, size=40, on_progress=told.append, **PLAIN)
    assert capfd.readouterr() == ("", "")
    assert (result.outputs, result.frames, result.failures, result.damaged) == ((tmp_path / "out.webm",), 5, {}, 0)
    assert result.settings["size"] == 40 and result.seconds > 0
    assert any("becomes libopus" in note for note in result.notes)
    assert any(progress.done == 5 for progress in told)
    flags = [word for name, value in PLAIN.items() for word in (f"--{name}", value)]
    with pytest.raises(SystemExit):
        main(["render", str(source), "-o", f"{tmp_path}/cli.webm", "--style", str(style), "--size", "40", *flags])
    assert shown(tmp_path / "cli.webm") == shown(tmp_path / "out.webm")


def test_of_several_sources_the_failed_ones_are_named(tmp_path: Path, style: Path) -> None:
    make_clip(tmp_path / "good.mp4", frames=3)
    (tmp_path / "bad.mp4").write_text("no video")
    sources = [tmp_path / "good.mp4", str(tmp_path / "bad.mp4")]
    result = api.render(sources, tmp_path / "out", style=style, **PLAIN)
    assert (result.outputs, list(result.failures)) == ((tmp_path / "out" / "good.mp4",), [tmp_path / "out" / "bad.mp4"])
    again = api.render(sources, tmp_path / "out", style=style, **PLAIN)
    assert again.already_there == (tmp_path / "out" / "good.mp4",)


def test_a_single_source_that_fails_raises(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no file"):
        api.render(tmp_path / "missing.mp4", tmp_path / "out.mp4", **PLAIN)


@pytest.mark.parametrize("size", [(60, 44), (64, 36)])
def test_a_frame_is_painted_as_render_paints_a_picture_of_it(
    tmp_path: Path, style: Path, size: tuple[int, int]
) -> None:
    frame = picture(3, size)
    write_image(tmp_path / "in.png", frame)
    api.render(tmp_path / "in.png", tmp_path / "out.png", style=style, keep_colour=True, **PLAIN)
    painter = api.load_style(style, keep_colour=True, **PLAIN)
    painted = painter(frame)
    assert (painted.shape, painted.dtype) == (frame.shape, np.uint8)
    assert np.array_equal(painted, read_image(tmp_path / "out.png"))
    assert (painter.path, painter.device, painter.notes) == (style, "cpu", ())


def test_a_frame_is_finished_as_the_keywords_say(tmp_path: Path, style: Path) -> None:
    frame, plain = picture(3), {"device": "cpu", "precision": "fp32"}
    write_image(tmp_path / "in.png", frame)
    api.render(tmp_path / "in.png", tmp_path / "out.png", style=style, calm=0.9, **plain)
    painted = api.load_style(style, finish="guided", calm=0.9, **plain)(frame)
    assert np.array_equal(painted, read_image(tmp_path / "out.png"))
    assert not np.array_equal(painted, api.load_style(style, finish="none", **plain)(frame))


def test_frames_of_other_sizes_and_repeated_ones_do_not_change_a_painting(style: Path) -> None:
    painter = api.load_style(style, **PLAIN)
    first, second = picture(1), picture(2, (80, 48))
    alone = [painter(first), api.load_style(style, **PLAIN)(second)]
    assert all(
        np.array_equal(painter(frame), alone[number]) for frame, number in ((second, 1), (second, 1), (first, 0))
    )


@pytest.mark.parametrize("frame", [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 3)), np.zeros((0, 8, 3), np.uint8)])
def test_another_kind_of_array_is_refused(style: Path, frame: np.ndarray) -> None:
    with pytest.raises(SettingsError, match=r"A frame is a \(height, width, 3\) array of uint8"):
        api.load_style(style, **PLAIN)(frame)


def test_an_unknown_style_is_refused() -> None:
    with pytest.raises(StyleError, match="There is no style 'nowhere'"):
        api.load_style("nowhere")


def test_frames_are_extracted_and_a_style_is_trained_on_them(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("VIDSTYLE_WEIGHTS", raising=False)
    make_clip(tmp_path / "episode.mp4", size=(96, 64), frames=12, rate=12)
    easy: dict[str, Any] = {"every": 0.25, "max_similarity": 1.0, "min_sharpness": 0.0, "deblur": "none"}
    extracted = api.extract(tmp_path / "episode.mp4", tmp_path / "data" / "trainB", **easy)
    manifest = json.loads((tmp_path / "data" / "trainB" / "manifest.json").read_text())
    assert len(extracted.frames) == manifest["counts"]["kept"] > 0
    assert extracted.report == tmp_path / "data" / "trainB" / "report.html"
    assert (extracted.frames_read, extracted.sources) == (12, 1)
    assert extracted.candidates == len(extracted.frames) + sum(extracted.dropped.values())
    again = api.extract([tmp_path / "episode.mp4"], tmp_path / "data" / "trainB", **easy)
    assert (again.frames, again.sources, again.sources_skipped) == ((), 0, 1)

    for number in range(3):
        write_image(tmp_path / "data" / "trainA" / f"{number}.png", picture(number))
    small: dict[str, Any] = {
        "channels": 4,
        "blocks": 5,
        "discriminator_channels": 4,
        "crop": 32,
        "load": 40,
        "patches": 16,
    }
    result = api.train(tmp_path / "data", tmp_path / "runs", name="mine", steps=2, device="cpu", **small)
    run = tmp_path / "runs" / "mine"
    assert (result.run, result.steps, result.photos, result.paintings) == (run, 2, 3, len(extracted.frames))
    assert (result.style, result.best_style, result.look, result.pictures) == (
        run / "style.safetensors",
        None,
        None,
        None,
    )
    assert result.report == run / "report.html"
    assert api.load_style(run, **PLAIN)(picture(1)).shape == (44, 60, 3)
    assert capfd.readouterr() == ("", "")


def test_results_are_measured_with_all_that_a_value_rests_on(tmp_path: Path) -> None:
    for number in range(2):
        write_image(tmp_path / "source" / f"{number}.png", picture(number))
        write_image(tmp_path / "painted" / f"{number}.png", picture(number) // 2)
    result = api.evaluate(generated=tmp_path / "painted", source=tmp_path / "source", metrics="psnr,ssim", device="cpu")
    assert [measurement.name for measurement in result.measurements] == ["psnr", "ssim"]
    psnr = result.value("psnr")
    assert psnr is not None and 0 < psnr < 20
    assert result.measurements[0].counts == {"pairs": 2}
    assert result.missing == {}
    with pytest.raises(KeyError):
        result.value("lpips")
    with pytest.raises(SettingsError, match="Name one thing to evaluate"):
        api.evaluate()
