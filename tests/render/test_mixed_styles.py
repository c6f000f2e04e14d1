"""`--style a:0.6,b:0.4` paints with the mean of the weights, and an unfinished render knows the mixture."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.clips import make_clip
from tests.drawings import drawing
from tests.renders import plan_of
from tests.styles import make_style
from vidstyle.cluster.job_spec import JobSpec, job_spec_for
from vidstyle.media.images import read_image, write_image
from vidstyle.media.probe import probe
from vidstyle.models.style_file import load_style, save_style
from vidstyle.models.style_mixture import find_mixture
from vidstyle.render.engine import Engine
from vidstyle.render.resume import changes, fingerprint
from vidstyle.render.settings import RenderSettings
from vidstyle.render.stage import run

Fast = Callable[..., RenderSettings]


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Two styles of one start, mixed by 3 to 1."""
    folder = tmp_path_factory.mktemp("mixed")
    for seed, name in enumerate("ab"):
        style = load_style(make_style(folder / name, seed))
        save_style(replace(style, start="the same"), folder / name)
    return f"{folder}/a:0.75,{folder}/b:0.25"


def test_a_picture_is_painted_as_in_a_style_of_the_mean_weights(tmp_path: Path, fast: Fast, mixed: str) -> None:
    write_image(tmp_path / "in.png", drawing(2, (64, 48)))
    save_style(find_mixture(mixed).load(), tmp_path / "mean.safetensors")
    for name, style in (("mixed", mixed), ("mean", str(tmp_path / "mean.safetensors")), ("a", mixed.split(":")[0])):
        run(tmp_path / "in.png", tmp_path / f"{name}.png", fast(style=style))
    painted = {name: read_image(tmp_path / f"{name}.png").astype(int) for name in ("mixed", "mean", "a")}
    assert np.abs(painted["mixed"] - painted["mean"]).max() <= 1
    assert np.abs(painted["mixed"] - painted["a"]).max() > 5


def test_an_unfinished_render_is_gone_on_with_in_the_same_mixture_alone(tmp_path: Path, fast: Fast, mixed: str) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=2)

    def made_of(style: str) -> dict[str, object]:
        engine = Engine(fast(style=style))
        return fingerprint(source, engine.settings, engine.record())

    first = made_of(mixed)
    assert str(first["style"]).count(":") == 2
    assert changes(first, made_of(mixed.replace("0.75", "3").replace("0.25", "1"))) == []
    assert changes(first, made_of(mixed.replace("0.75", "0.5"))) == ["the style has changed"]
    assert Engine(fast(style=mixed)).record()["style"] == mixed


def test_a_worker_mixes_the_files_that_it_was_sent(tmp_path: Path, fast: Fast, mixed: str) -> None:
    settings = fast(style=mixed)
    engine, clip = Engine(settings), probe(make_clip(tmp_path / "in.mp4", frames=2))
    spec = JobSpec.unpack(job_spec_for(plan_of(clip, engine), engine, settings, gpus=False).pack())
    sent = {file.path: tmp_path / file.path.name for file in spec.files}
    for path, place in sent.items():
        place.write_bytes(path.read_bytes())
    assert spec.with_paths(sent).settings.style == f"{tmp_path}/a:0.75,{tmp_path}/b:0.25"
    assert Engine(spec.with_paths(sent).settings).mixture.identity() == engine.mixture.identity()
