"""A recipe runs its stages in order, once each, and its mistakes are named."""

import json
from fractions import Fraction
from pathlib import Path

import pytest

from tests.clips import make_clip
from vidstyle.cli.main import main
from vidstyle.cli.run import train_tables
from vidstyle.errors import ExitCode
from vidstyle.models.style_file import load_style

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
[distil]
channels = 4
blocks = 1
crop = 32
load = 40
clean = 0.0
int8 = false
steps = 2
[render]
style = "small-fast"
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
    student = tmp_path / "runs" / "small-fast" / "style.safetensors"
    first = [path.stat().st_mtime_ns for path in (painted, student)]
    assert load_style(student).history["teacher"]["name"] == str(Path("runs/small/style.safetensors"))
    manifest = json.loads((tmp_path / "dataset" / "trainB" / "manifest.json").read_text())
    assert manifest["counts"]["kept"] > 0
    assert (tmp_path / "runs" / "small" / "style.safetensors").is_file()
    assert _run("run", "recipe.toml") == ExitCode.OK
    assert [path.stat().st_mtime_ns for path in (painted, student)] == first
    assert json.loads((tmp_path / "dataset" / "trainB" / "manifest.json").read_text()) == manifest


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[paint]\n",
            "r.toml has unknown tables: paint. Known: paths, extract, photos, train, distil, evaluate, compare, render.",
        ),
        (
            "[paths]\nvideos = []\n",
            "r.toml has unknown paths: videos. Known: episodes, footage, dataset, runs, teacher, test_photos, target, table, "
            "inputs, output.",
        ),
        ("[extract]\n", "r.toml does not say where to find its episodes: add `episodes` to [paths]."),
        ("[distil]\n", "r.toml does not say where to find its teacher: add `teacher` to [paths]."),
        ("[compare]\n[paths]\ntest_photos = 'p'\n", "r.toml names no runs to measure: add a [train] table."),
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


def test_one_train_table_can_state_several_methods_and_seeds() -> None:
    both = train_tables({"method": ["cut++", "cut"], "seed": [0, 1], "crop": 64})
    assert [(one["name"], one["method"], one["seed"], one["crop"]) for one in both] == [
        ("cut++-seed0", "cut++", 0, 64),
        ("cut++-seed1", "cut++", 1, 64),
        ("cut-seed0", "cut", 0, 64),
        ("cut-seed1", "cut", 1, 64),
    ]
    assert [one["name"] for one in train_tables({"name": "mine", "seed": [3]})] == ["mine-seed3"]
    assert train_tables([{"method": "cut"}, {"seed": 2}]) == [{"method": "cut"}, {"seed": 2}]


TABLE = """
[paths]
episodes = ["{samples}/cartoon.mp4"]
footage = ["{samples}/landscape.mp4"]
test_photos = "dataset/trainA"
[extract]
every = 2.0
size = 64
deblur = "none"
[photos]
every = 2.0
size = 64
deblur = "none"
max_similarity = 1.0
[[train]]
method = ["cut++", "cut"]
seed = [0, 1]
patches = 16
channels = 4
blocks = 5
discriminator_channels = 4
crop = 32
load = 40
steps = 2
log_every = 1
[[train]]
method = "cut-stylegan"
patches = 16
channels = 4
blocks = 5
discriminator_channels = 4
crop = 32
load = 40
steps = 2
[[train]]
method = "cyclegan"
channels = 4
blocks = 5
discriminator_channels = 4
crop = 32
load = 40
steps = 2
[[train]]
method = "rt"
batch = 1
channels = 4
crop = 32
load = 40
steps = 2
[[train]]
method = "cmd"
load = 40
steps = 2
[evaluate]
metrics = "fd-vgg16,psnr,ssim"
crops = 16
crop = 32
crop_scale = 40
size = 40
[compare]
metrics = "fd-vgg16,psnr,ssim"
crops = 16
crop = 32
crop_scale = 40
size = 40
rows = 2
"""


def test_the_experiment_of_table_one_runs_on_the_sample_videos(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, random_vgg16: Path
) -> None:
    samples = Path(__file__).parents[2] / "sample_videos"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "vgg16_features.safetensors").symlink_to(random_vgg16)
    monkeypatch.setenv("VIDSTYLE_WEIGHTS", str(tmp_path / "weights"))
    (tmp_path / "table.toml").write_text(TABLE.format(samples=samples))
    assert _run("run", "table.toml", "-q") == ExitCode.OK
    rows = json.loads((tmp_path / "table" / "table.json").read_text())["rows"]
    counts = {row["method"]: len(row["runs"]) for row in rows}
    methods = {"cut++": 2, "cut": 2, "cut-stylegan": 1, "cyclegan": 1, "rt": 1, "cmd": 1}
    assert counts == {**methods, "(photos, untouched)": 0}
    figures = {row["method"]: row["figures"] for row in rows}
    for method in methods:
        assert {"fd-vgg16", "psnr", "ssim", "train seconds"} <= set(figures[method])
        assert ("parameters" in figures[method]) == ("ms a picture" in figures[method]) == (method != "cmd")
    assert figures["cut++"]["ssim"]["mean"] != figures["cut"]["ssim"]["mean"]
    assert (tmp_path / "table" / "grid.png").stat().st_size > 1000
    done = {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").rglob("*") if path.is_file()}
    assert _run("run", "table.toml", "-q") == ExitCode.OK
    assert {path: path.stat().st_mtime_ns for path in done} == done


def test_a_recipe_of_several_runs_is_not_taken_by_train(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.toml").write_text("[[train]]\nseed = 1\n[[train]]\nseed = 2\n")
    assert _run("train", "--recipe", "r.toml") == ExitCode.USAGE
    message = "Error: r.toml has several train tables. Give it to `vidstyle run`, or one table.\n"
    assert capsys.readouterr().err == message
