"""The documentation names every command and option, and what it names exists."""

import importlib.util
import re
from pathlib import Path

import pytest

from vidstyle.cli.main import COMMANDS
from vidstyle.settings import read_recipe

ROOT = Path(__file__).parent.parent


def test_the_page_of_commands_is_that_of_the_code() -> None:
    specification = importlib.util.spec_from_file_location("make_commands", ROOT / "docs" / "make_commands.py")
    assert specification and specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    assert (ROOT / "docs" / "commands.md").read_text(encoding="utf-8") == module.command_page()


def test_the_readme_shows_every_command() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"vidstyle {name}" not in text] == []


def test_options_in_the_readme_exist() -> None:
    known = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"vidstyle (?:extract|train|render|evaluate|compare|run|weights|styles)\b.*", readme)
    used = {option for line in lines for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", line)}
    assert used
    assert [option for option in sorted(used) if f"{option}" not in known] == []


@pytest.mark.parametrize("recipe", sorted((ROOT / "pipelines").glob("*.toml")), ids=lambda path: path.name)
def test_recipes_hold_only_settings_that_exist(recipe: Path) -> None:
    from vidstyle.cli.run import train_tables
    from vidstyle.evaluate.settings import CompareSettings, EvaluateSettings
    from vidstyle.extract.settings import ExtractSettings
    from vidstyle.render.settings import RenderSettings
    from vidstyle.train.settings import TrainSettings

    classes = {
        "extract": ExtractSettings,
        "photos": ExtractSettings,
        "evaluate": EvaluateSettings,
        "compare": CompareSettings,
        "render": RenderSettings,
    }
    tables = read_recipe(recipe)
    assert set(tables) <= {"paths", "train", *classes}
    for table in train_tables(tables.pop("train", ())):
        TrainSettings.resolve(table, {})
    for name, table in tables.items():
        if name != "paths":
            classes[name].resolve(table, {})


def test_links_between_documents_lead_somewhere() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]
    for page in pages:
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name} links to {link}"
