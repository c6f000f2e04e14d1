"""Settings check themselves, whoever gives them."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from vidstyle.errors import SettingsError
from vidstyle.settings import Settings, describe, read_recipe, setting


@dataclass(frozen=True)
class _Example(Settings):
    count: int = setting(3, "how many", minimum=1, maximum=9)
    rate: float = setting(0.5, "how fast", minimum=0.0)
    mode: str = setting("a", "which", choices=("a", "b"))
    size: int | str | None = setting(None, "how large", minimum=8, keywords=("source",))
    name: str = setting("", "what it is called")
    loud: bool = setting(False, "whether it shouts")
    places: tuple[str, ...] = setting((), "where it is, may be several")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("count", 0, "count cannot be 0: it takes N, at least 1 and at most 9."),
        ("count", 2.5, "count cannot be 2.5: it takes N, at least 1 and at most 9."),
        ("count", True, "count cannot be True: it takes N, at least 1 and at most 9."),
        ("rate", "fast", "rate cannot be 'fast': it takes NUMBER, at least 0."),
        ("mode", "c", "mode cannot be 'c': it takes a|b."),
        ("size", "huge", "size cannot be 'huge': it takes source|N, at least 8."),
        ("size", 4, "size cannot be 4: it takes source|N, at least 8."),
        ("loud", "yes", "loud cannot be 'yes': it is true or false."),
        ("places", 3, "places cannot be 3: it takes TEXT."),
        ("places", ["a", 3], "places cannot be ['a', 3]: it takes TEXT."),
    ],
)
def test_a_wrong_value_is_named_with_what_is_taken(name: str, value: object, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        _Example(**{name: value})  # type: ignore[arg-type]
    assert str(caught.value) == message


def test_good_values_come_back_in_the_fields_own_type() -> None:
    made = _Example(rate=2, size="source")
    assert (made.rate, type(made.rate), made.size) == (2.0, float, "source")
    by_name = {setting.name: setting for setting in describe(_Example)}
    assert [by_name["size"].parse(text) for text in ("source", "96")] == ["source", 96]
    assert by_name["name"].parse("12") == "12"


def test_flags_win_over_the_recipe_and_the_recipe_over_defaults() -> None:
    made = _Example.resolve({"count": 5, "rate": 2.0}, {"count": 7})
    assert made.record() == {
        "count": 7,
        "rate": 2.0,
        "mode": "a",
        "size": None,
        "name": "",
        "loud": False,
        "places": [],
    }


def test_unknown_recipe_keys_are_an_error() -> None:
    with pytest.raises(SettingsError, match=r"^The recipe has unknown keys: colour, speed\. Known: count, loud, "):
        _Example.resolve({"speed": 1, "colour": 2}, {})


def test_a_recipe_that_is_no_toml_is_named_with_the_fault(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("[train\n")
    with pytest.raises(SettingsError, match=r"bad\.toml is not valid TOML: .*line 1.*Correct that line\.$"):
        read_recipe(tmp_path / "bad.toml")
    with pytest.raises(
        SettingsError, match=r"^Cannot read the recipe .*absent\.toml: No such file or directory\. Check the path\.$"
    ):
        read_recipe(tmp_path / "absent.toml")


@pytest.mark.parametrize("given", [["a", "b"], ("a", "b")])
def test_a_setting_of_several_texts_takes_one_or_many_and_is_recorded_as_a_list(given: object) -> None:
    settings = _Example.resolve({"places": given}, {})
    assert settings.places == ("a", "b")
    assert settings.record()["places"] == ["a", "b"]
    assert _Example.resolve({"places": "a"}, {}).places == ("a",)
