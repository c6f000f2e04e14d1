"""A recipe runs its stages in order, once each, and its mistakes are named."""

import json
from fractions import Fraction
from pathlib import Path

import pytest

from tests.clips import make_clip
from vidstyle.cli.main import main
from vidstyle.errors import ExitCode

RECIPE = """
[paths]
episodes = ["episode.mp4"]
footage = ["footage.mp4"]
inputs = ["footage.mp4"]
output = "painted.mp4"
[extract]
every = 0.2
max_similarity = 1.0
min_sharpness = 0.0
deblur = "none"
[photos]
every = 0.2
max_similarity = 1.0
min_sharpness = 0.0
deblur = "none"
[train]
name = "small"
channels = 4
blocks = 5
discriminator_channels = 4
crop = 32
load = 40
patches = 16
steps = 2
[render]
style = "small"
upscaler = "none"
"""


def _run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    return int(caught.value.code or 0)


def test_a_recipe_goes_from_videos_to_a_painted_video_and_repeats_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("episode", "footage"):
        make_clip(tmp_path / f"{name}.mp4", size=(96, 64), frames=12, rate=Fraction(12))
    (tmp_path / "recipe.toml").write_text(RECIPE)
    assert _run("run", "recipe.toml") == ExitCode.OK
    painted = tmp_path / "painted.mp4"
    first = painted.stat().st_mtime_ns
    manifest = json.loads((tmp_path / "dataset" / "trainB" / "manifest.json").read_text())
    assert manifest["counts"]["kept"] > 0
    assert (tmp_path / "runs" / "small" / "style.safetensors").is_file()
    assert _run("run", "recipe.toml") == ExitCode.OK
    assert painted.stat().st_mtime_ns == first
    assert json.loads((tmp_path / "dataset" / "trainB" / "manifest.json").read_text()) == manifest


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[paint]\n", "r.toml has unknown tables: paint. Known: paths, extract, photos, train, render."),
        (
            "[paths]\nvideos = []\n",
            "r.toml has unknown paths: videos. Known: episodes, footage, dataset, runs, inputs, output.",
        ),
        ("[extract]\n", "r.toml does not say where to find its episodes: add `episodes` to [paths]."),
        ("[paths]\nepisodes = ['x.mp4']\n[extract]\nspeed = 1\n", "The recipe has unknown keys: speed."),
    ],
)
def test_mistakes_in_a_recipe_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.toml").write_text(text)
    assert _run("run", "r.toml") == ExitCode.USAGE
    assert f"Error: {message}" in capsys.readouterr().err
