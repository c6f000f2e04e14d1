"""A recipe of any kind is read or refused with a sentence: nothing in it leads to another exception."""

import codecs
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vidstyle.cli.main import main
from vidstyle.cli.run import PATHS, STAGES, _Paths, _tables
from vidstyle.cluster.settings import ClusterSettings
from vidstyle.errors import ExitCode, SettingsError, VidstyleError
from vidstyle.evaluate.settings import CompareSettings, EvaluateSettings
from vidstyle.extract.settings import ExtractSettings
from vidstyle.render.settings import RenderSettings
from vidstyle.settings import Settings, describe, read_recipe, stage_table
from vidstyle.train.settings import TrainSettings

ALL_SETTINGS: tuple[type[Settings], ...] = (
    ExtractSettings,
    TrainSettings,
    RenderSettings,
    EvaluateSettings,
    CompareSettings,
    ClusterSettings,
)
RECIPE = "[render]\nsize = 16\nstyle = 'Füßchen'\n"


def _run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    return int(caught.value.code or 0)


def _say(folder: Path, text: str, capsys: pytest.CaptureFixture[str]) -> str:
    (folder / "r.toml").write_text(text, encoding="utf-8")
    assert _run("run", str(folder / "r.toml")) == ExitCode.USAGE
    return capsys.readouterr().err.replace(str(folder / "r.toml"), "R")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "R names nothing to do. Add a table of: extract, photos, train, distil, evaluate, compare, render."),
        ("[paths]\ninputs = 'a'\n", "R names nothing to do."),
        ("render = 5\n", "render in R is 5, and no table. Write [render], and settings below."),
        ("train = 'x'\n", "train in R is 'x', and no table."),
        ("train = [1]\n", "train in R is [1], and no table."),
        ("train = []\n", "R has several train tables."),
        ("paths = 5\n[render]\n", "paths in R is 5, and no table."),
        ("extract = 3\n", "extract in R is 3, and no table."),
        ("[[render]]\n[[render]]\n", "R has several render tables. Write [render] once."),
        ("[paths]\noutput = ['x']\n[render]\n", "output in [paths] of R is ['x']. It takes one path, a text."),
        ("[paths]\ninputs = 5\n[render]\n", "inputs in [paths] of R is 5. It takes a list of paths."),
        ("[paths]\ninputs = [5]\n[render]\n", "inputs in [paths] of R is [5]. It takes a list of paths."),
        ("[paths]\ninputs = []\n[render]\n", "inputs in [paths] of R is empty. Name a file or a folder there."),
        ("[paths]\nepisodes = ''\n[extract]\n", "episodes in [paths] of R is ''."),
        ('[paths]\nruns = "a\\u0000b"\n[render]\n', "runs in [paths] of R is 'a\\x00b'. It takes one path, a text."),
        ("[paths]\ndataset = 5\n[train]\n", "dataset in [paths] of R is 5. It takes one path, a text."),
        ("[train]\nmethod = [1]\n", "method in [train] is [1]. Give a method, or a list of some."),
        ("[train]\nseed = []\n", "seed in [train] is []. Give a seed, or a list of some."),
        ("[train]\nseed = [99999999999999999999]\n", "seed in [train] is [99999999999999999999]."),
        ("[train]\nname = 5\n", "name in [train] is 5. Give a text."),
        ("[train]\nseed = [1, 2]\nname = 5\n", "name in [train] is 5. Give a text."),
        (f"[train]\nname = '{'x' * 300}'\n", "is longer than 255 bytes. Give a shorter one."),
        (
            "[paths]\ninputs = 'a'\noutput = 'b'\n[render]\nend = inf\n",
            "end cannot be inf: it takes NUMBER, at least 0",
        ),
        (
            "[paths]\ninputs = 'a'\noutput = 'b'\n[render]\nend = nan\n",
            "end cannot be nan: it takes NUMBER, at least 0.",
        ),
        (
            "[paths]\ninputs = 'a'\noutput = 'b'\n[render]\nsize = 12345678901234567890\n",
            "size cannot be 12345678901234567890: it takes source|N, at least 16 and at most 65536.",
        ),
        (
            f"[train]\nseed = 0x{'f' * 5000}\n",
            "seed cannot be something very long: it takes N, at least 0 and at most ",
        ),
        (f"a = {'9' * 5000}\n", "The recipe R is not valid TOML: Exceeds the limit"),
        (f"a = {'[' * 5000}\n", "R nests its lists or tables too deep."),
    ],
)
def test_what_a_recipe_cannot_hold_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, message: str
) -> None:
    assert message in _say(tmp_path, text, capsys)


def test_a_text_among_the_paths_is_one_path(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = tmp_path / "r.toml"
    for name in ("inputs", "episodes", "footage"):
        recipe.write_text(f"[paths]\n{name} = 'h.mp4'\n")
        assert _Paths(recipe, _tables(recipe)).require(name) == ["h.mp4"]
    recipe.write_text(f"[paths]\ninputs = '{tmp_path}/h.mp4'\noutput = '{tmp_path}/out'\n[render]\n")
    assert _run("run", str(recipe)) == ExitCode.INPUT
    assert f"There is no file {tmp_path}/h.mp4." in capsys.readouterr().err


def test_a_recipe_is_read_with_the_mark_that_windows_editors_write(tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_bytes(codecs.BOM_UTF8 + RECIPE.encode())
    assert stage_table(tmp_path / "r.toml", "render") == {"size": 16, "style": "Füßchen"}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "latin-1"])
def test_a_recipe_in_another_encoding_says_which_one_to_choose(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "r.toml").write_bytes(RECIPE.encode(encoding))
    with pytest.raises(SettingsError, match=r"Save it as UTF-8\.$"):
        read_recipe(tmp_path / "r.toml")


def test_a_recipe_without_the_table_of_the_command_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for text, held in (("", "nothing"), ("[rendre]\nsize = 16\n", "rendre"), ("size = 16\n", "size")):
        (tmp_path / "r.toml").write_text(text)
        assert _run("render", "a.mp4", "-o", "b.mp4", "--recipe", str(tmp_path / "r.toml")) == ExitCode.USAGE
        assert f"has no table [render]. It holds {held}." in capsys.readouterr().err


@pytest.mark.parametrize("text", ["inf", "-inf", "nan", "1e300", "1e30", "12345678901234567890", "9" * 5000])
@pytest.mark.parametrize("name", ["start", "end", "size", "seed", "segment"])
def test_numbers_beyond_all_use_are_refused_as_options(
    capsys: pytest.CaptureFixture[str], name: str, text: str
) -> None:
    assert _run("render", "a.mp4", "-o", "b.mp4", f"--{name}", text) == ExitCode.USAGE
    assert f"{name} cannot be " in capsys.readouterr().err


NUMBERS = (
    st.integers()
    | st.integers(10**18, 10**40)
    | st.floats()
    | st.sampled_from([2**31, 2**63, 2**64, -(2**63), 1e300, -0.0])
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | NUMBERS
    | st.text(max_size=20)
    | st.sampled_from(["auto", "none", "source", "x" * 9999]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)
TABLE_NAMES = st.sampled_from([*STAGES, "paths"]) | st.text(max_size=8)


def _table(stage: str) -> st.SearchStrategy[Any]:
    return VALUES | st.dictionaries(
        st.sampled_from(PATHS) | st.sampled_from(["method", "name", "seed"]), VALUES, max_size=4
    )


@given(st.dictionaries(TABLE_NAMES, VALUES | _table(""), max_size=4))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_tables_of_a_recipe_lead_to_anything_but_a_sentence(tables: dict[str, Any]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vidstyle.cli.run.read_recipe", lambda _: tables)
        try:
            paths = _Paths(Path("r.toml"), _tables(Path("r.toml")))
            for table in paths.trainings:
                TrainSettings.resolve(table, {})
        except VidstyleError as error:
            assert len(str(error)) < 2000


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_no_values_of_settings_lead_to_anything_but_a_sentence(data: st.DataObject) -> None:
    cls = data.draw(st.sampled_from(ALL_SETTINGS))
    described = {setting.name: setting for setting in describe(cls)}
    given_values: dict[str, Any] = {}
    for name in data.draw(st.lists(st.sampled_from(sorted(described)), max_size=4, unique=True)):
        choices = [*described[name].choices, *described[name].keywords, described[name].default]
        given_values[name] = data.draw(VALUES | NUMBERS | st.sampled_from(choices))
    try:
        settings_ = cls.resolve(given_values, {})
    except VidstyleError as error:
        assert len(str(error)) < 2000
        return
    assert cls.resolve(settings_.record(), {}) == settings_


@given(content=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_in_a_recipe_lead_to_anything_but_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "r.toml").write_bytes(content)
    with suppress(SettingsError):
        read_recipe(tmp_path / "r.toml")
