"""The command beside the picture says what the controls were set to."""

import shlex
from pathlib import Path
from types import SimpleNamespace

import pytest

from vidstyle.errors import SettingsError
from vidstyle.render.settings import RenderSettings
from vidstyle.studio.folders import Folders
from vidstyle.studio.knobs import command, given
from vidstyle.studio.studio import Studio


def test_only_what_was_changed_is_given() -> None:
    values = {
        "style": "default",
        "size": " 360 ",
        "calm": "",
        "blend": 1,
        "crf": 20.0,
        "keep_colour": True,
        "preset": "",
    }
    assert given(RenderSettings, values) == {"size": 360, "crf": 20, "keep_colour": True}


def test_a_text_that_is_no_value_is_refused_as_on_the_command_line() -> None:
    with pytest.raises(SettingsError, match="size cannot be 'big'"):
        given(RenderSettings, {"size": "big"})


def test_a_command_quotes_what_a_shell_would_split() -> None:
    text = command("render", ["my film.mp4", "-o", "out.mp4"], {"size": 360, "keep_colour": True, "audio": False})
    assert shlex.split(text)[1:] == [
        "render",
        "my film.mp4",
        "-o",
        "out.mp4",
        "--size",
        "360",
        "--keep-colour",
        "--no-audio",
    ]


def test_a_file_that_begins_with_a_dash_is_no_option_of_the_command(tmp_path: Path) -> None:
    folders = SimpleNamespace(folders=Folders([tmp_path]))
    assert Studio.spelled(folders, tmp_path.resolve() / "-o.mp4") == "./-o.mp4"
    assert Studio.spelled(folders, tmp_path.resolve() / "o.mp4") == "o.mp4"
