"""`vidstyle styles` lists what can be rendered by name, and `vidstyle import` states a style's licence."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from tests.drawings import drawing
from tests.styles import make_style
from vidstyle.cli.main import main
from vidstyle.media.images import read_image, write_image
from vidstyle.models.style_file import load_style, save_style


def run(*arguments: object) -> int:
    """Return the exit code of the command line."""
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    return int(caught.value.code or 0)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the run `mine`."""
    monkeypatch.chdir(tmp_path)
    make_style(tmp_path / "runs" / "mine" / "style.safetensors")
    return tmp_path


def _listed(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, str]]:
    capsys.readouterr()
    assert run("styles") == 0
    blocks: dict[str, dict[str, str]] = {}
    for line in capsys.readouterr().out.splitlines():
        if not line.startswith(" "):
            name, blocks[line] = line, {}
        else:
            blocks[name][line[2:14].strip()] = line[15:]
    return blocks


def test_styles_of_the_package_and_of_runs_are_listed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listed = _listed(capsys)
    assert list(listed)[-1] == "mine" and "default" in listed
    assert listed["mine"] == {
        "fitted to": "not stated",
        "licence": "not stated",
        "attribution": "not stated",
        "generator": "resnet, 4 channels, 5 blocks, short side 32",
        "made by": "not stated",
        "file": "runs/mine/style.safetensors",
    }


def test_a_finished_style_gets_its_licence_by_an_import(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    style = here / "runs" / "mine" / "style.safetensors"
    assert run("import", style, "-o", style, "--overwrite", "--half", "--description", "a film of 1931") == 0
    assert "Warning: No licence is stated" in capsys.readouterr().err
    texts = ["--licence", "CC-BY-4.0", "--attribution", "A. Painter, example.org"]
    assert run("import", style, "-o", style, "--overwrite", "--half", *texts) == 0
    assert "Warning" not in capsys.readouterr().err
    mine = _listed(capsys)["mine"]
    assert (mine["fitted to"], mine["licence"]) == ("a film of 1931", "CC-BY-4.0")
    assert mine["attribution"] == "A. Painter, example.org"
    assert mine["generator"].endswith("short side 32")
    with safe_open(style, framework="pt") as file:
        assert {file.get_tensor(name).dtype for name in file.keys()} == {torch.float16}  # noqa: SIM118 - not a mapping


def test_a_style_that_is_passed_on_names_no_folders_of_its_machine(here: Path) -> None:
    style = load_style(here / "runs" / "mine" / "style.safetensors")
    paths = {"photos": "/home/me/holiday", "paintings": ["/home/me/film one", "two"], "init": "", "steps": 3}
    save_style(replace(style, history={"settings": paths}), here / "mine.safetensors")
    assert run("import", here / "mine.safetensors", "-o", here / "given.safetensors", "--licence", "MIT") == 0
    settings = load_style(here / "given.safetensors").history["settings"]
    assert settings == {"photos": "holiday", "paintings": ["film one", "two"], "init": "", "steps": 3}


def test_a_broken_style_of_a_run_is_named_beside_the_others(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "runs" / "cut off").mkdir()
    (here / "runs" / "cut off" / "style.safetensors").write_text("half of it")
    listed = _listed(capsys)
    assert listed["cut off"]["broken"].startswith("Cannot read the style runs/cut off/style.safetensors: it is a text")
    assert "generator" in listed["mine"]


def test_a_sheet_shows_every_style_and_asks_for_what_it_needs(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_image(here / "photo.png", drawing(3, (64, 48)))
    assert run("styles", "--sheet", "photo.png", "-o", "sheet.png", "--size", "16", "--device", "cpu") == 0
    count = len(_listed(capsys)) + 1
    columns = math.ceil(math.sqrt(count))
    assert read_image(here / "sheet.png").shape == (-(-count // columns) * 80 + 4, columns * 68 + 4, 3)
    for command, text in (
        (["--sheet", "photo.png"], "A sheet needs both"),
        (["-o", "sheet.png"], "A sheet needs both"),
        (["--calm", "1"], "The options of vidstyle styles are for a sheet."),
        (["--sheet", "photo.png", "-o", "sheet.png"], "sheet.png exists already"),
    ):
        assert run("styles", *command) != 0
        assert text in capsys.readouterr().err
