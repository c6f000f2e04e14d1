"""The styles of the package are made of what their recipes name, and measured on what they never saw."""

from pathlib import Path

import click
import pytest

from benchmarks.styles import STYLES, Run, link, split
from vidstyle.checksum import sha256_of
from vidstyle.cli.train import train
from vidstyle.models.int8_twin import twin_path
from vidstyle.models.openvino import source_checksum
from vidstyle.models.style_file import load_style, shipped_styles

RUNS = [run for recipe in STYLES.values() for run in recipe.runs]


def test_every_style_of_the_package_has_a_recipe_and_states_its_licence() -> None:
    assert shipped_styles().keys() == STYLES.keys()
    for name, path in shipped_styles().items():
        style = load_style(path)
        recipe = STYLES[name]
        assert (style.licence, style.attribution, style.description) == (
            recipe.licence,
            recipe.attribution,
            recipe.description,
        )
        assert tuple(style.history.get("shares", [1])) == recipe.shares


def test_together_they_are_small() -> None:
    styles = shipped_styles().values()
    assert sum(path.stat().st_size + twin_path(path).stat().st_size for path in styles) < 12e6


def test_each_has_its_network_in_8_bit_integers_beside_it() -> None:
    for path in shipped_styles().values():
        assert source_checksum(twin_path(path)) == sha256_of(path)


@pytest.mark.parametrize("run", RUNS)
def test_the_options_of_a_recipe_are_those_of_train(run: Run) -> None:
    context = train.make_context("train", ["--method", "cartoon", *run.options.split()])
    assert isinstance(context, click.Context)


def test_whole_stories_are_kept_back() -> None:
    paths = [Path(f"s{story}_{page}.jpg") for story in range(9) for page in range(3)]
    learnt, kept_back = split(paths)
    assert sorted(learnt + kept_back) == sorted(paths)
    assert len(kept_back) == 3
    assert not {path.name.split("_")[0] for path in learnt} & {path.name.split("_")[0] for path in kept_back}


def test_links_that_are_there_stay(tmp_path: Path) -> None:
    picture = tmp_path / "a.jpg"
    picture.write_bytes(b"picture")
    for _ in range(2):
        link([picture], tmp_path / "links")
    assert (tmp_path / "links" / "a.jpg").read_bytes() == b"picture"
