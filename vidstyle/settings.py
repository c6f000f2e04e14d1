"""The base of every stage's settings.

Each field states its default, help and range once; options, recipe keys and records are made from it.
"""

import codecs
import os
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from sys import float_info
from typing import Any, Self

from vidstyle.errors import SettingsError

_KEY = "setting"
MOST_SECONDS = 1e9
"""The latest time that a setting may name. It is beyond every video, and every clock can count to it."""
LARGEST_SEED = 2**63 - 1
LARGEST_SIDE = 1 << 16
"""Pixels; no codec and no image format of ours holds a larger picture."""
LARGEST_WHOLE_NUMBER = 2**31 - 1
"""Whole numbers without a limit of their own end here."""
LONGEST_TEXT = 4096
"""Bytes of a setting that is a text: the longest path that Linux takes."""
MOST_LETTERS_SHOWN = 100
UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class Setting:
    """One field of a stage's settings: its name, default, help, accepted types and range.

    `cap` is an upper limit that nobody should meet, and only who exceeds it is told of it. A field with `choices` takes one
    of them. A number may also be given as one of the `keywords`, such as `auto`.
    """

    name: str
    default: Any
    help: str
    kinds: tuple[type, ...]
    minimum: float | None
    maximum: float | None
    cap: float
    choices: tuple[str, ...]
    keywords: tuple[str, ...]

    @property
    def flag(self) -> str:
        """The command-line spelling, without dashes in front."""
        return self.name.replace("_", "-")

    @property
    def many(self) -> bool:
        """Whether the setting is a tuple of texts: its option may be repeated, and a recipe gives a list."""
        return tuple in self.kinds

    @property
    def values(self) -> str:
        """The accepted values, as shown in help and errors."""
        if self.choices:
            return "|".join(self.choices)
        return "|".join([*self.keywords, self._placeholder()])

    def _placeholder(self) -> str:
        if int in self.kinds:
            return "N"
        return "NUMBER" if float in self.kinds else "TEXT"

    def parse(self, text: str) -> Any:
        """Return the value that `text` stands for; raises SettingsError when it stands for none."""
        if self.choices or text in self.keywords:
            return self.checked(text)
        for kind in (int, float):
            if kind in self.kinds:
                try:
                    return self.checked(kind(text))
                except ValueError:
                    continue
        return self.checked(text)

    def checked(self, value: Any) -> Any:
        """Return `value` in the field's own type; raises SettingsError when it is out of range or of another type."""
        if value is None and (type(None) in self.kinds or self.default is None):
            return None
        if self.many:
            texts = (value,) if isinstance(value, str) else value
            good = isinstance(texts, list | tuple) and all(isinstance(text, str) and is_plain(text) for text in texts)
            return tuple(self._accept(texts, good))
        if isinstance(value, bool) or bool in self.kinds:
            return self._accept(value, isinstance(value, bool) and bool in self.kinds)
        if isinstance(value, int | float):
            return self._checked_number(value)
        if isinstance(value, str):
            free = str in self.kinds and not self.choices and not ({int, float} & set(self.kinds))
            return self._accept(value, value in (*self.choices, *self.keywords) or (free and is_plain(value)))
        return self._accept(value, type(value) in self.kinds)

    def _checked_number(self, value: float) -> Any:
        """Return a number in the field's own type; raises SettingsError, also for one that is not finite."""
        self._accept(value, self._within(value))
        if isinstance(value, int) and float in self.kinds and int not in self.kinds:
            value = float(value)
        return self._accept(value, type(value) in self.kinds)

    def _within(self, value: float) -> bool:
        most = self.cap if self.maximum is None else self.maximum
        least = -most if self.minimum is None else self.minimum
        return least <= value <= most  # NaN is refused too

    def _accept(self, value: Any, good: bool) -> Any:
        if not good:
            beyond = isinstance(value, int | float) and value > self.cap
            raise SettingsError(f"{self.flag} cannot be {shown(value)}: {self._expected(beyond)}.")
        return value

    def _expected(self, beyond_cap: bool) -> str:
        if bool in self.kinds:
            return "it is true or false"
        limits = [f"at least {_number(self.minimum)}"] if self.minimum is not None else []
        maximum = self.cap if self.maximum is None and beyond_cap else self.maximum
        limits += [f"at most {_number(maximum)}"] if maximum is not None else []
        return f"it takes {self.values}" + (f", {' and '.join(limits)}" if limits else "")


def is_plain(text: str) -> bool:
    """Whether a text can be the name of a file: no longer than a path may be, without a zero byte, and encodable."""
    try:
        return len(os.fsencode(text)) <= LONGEST_TEXT and "\0" not in text
    except UnicodeEncodeError:
        return False


def shown(value: Any) -> str:
    """Return what the user gave as Python writes it, its beginning alone where it is long."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a number of thousands of digits, or lists inside lists
        return "something very long"
    return text if len(text) <= MOST_LETTERS_SHOWN else f"{text[:MOST_LETTERS_SHOWN]}..."


def _number(value: float) -> str:
    """Return a limit as text, whole numbers with all their digits."""
    return str(value) if isinstance(value, int) else f"{value:g}"


def setting(
    default: Any,
    help: str,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    cap: float | None = None,
    choices: tuple[str, ...] = (),
    keywords: tuple[str, ...] = (),
) -> Any:
    """Declare a field of a settings class; `keywords` are texts that are accepted besides a number."""
    details = {
        "help": help,
        "minimum": minimum,
        "maximum": maximum,
        "cap": cap,
        "choices": choices,
        "keywords": keywords,
    }
    return field(default=default, metadata={_KEY: details})


def setting_like(cls: "type[Settings]", name: str, default: Any, help: str = "", *, without: str = "") -> Any:
    """Declare a field as another class declares the one of that `name`, with another default.

    Its help is `help`, or that of the other field `without` its last words.
    """
    details = next(declared for declared in fields(cls) if declared.name == name).metadata[_KEY]
    return field(default=default, metadata={_KEY: {**details, "help": help or details["help"].removesuffix(without)}})


@dataclass(frozen=True)
class Settings:
    """Base of every stage's settings: frozen, and checked when an instance is made, which raises SettingsError."""

    def __post_init__(self) -> None:
        for setting in describe(type(self)):
            object.__setattr__(self, setting.name, setting.checked(getattr(self, setting.name)))

    @classmethod
    def resolve(cls, recipe: Mapping[str, Any], flags: Mapping[str, Any]) -> Self:
        """Return settings with the precedence default < recipe < flag; raises SettingsError on unknown recipe keys."""
        if not isinstance(recipe, Mapping):
            raise SettingsError(f"The recipe has {shown(recipe)} where settings are expected. Make it a table.")
        known = {setting.name for setting in describe(cls)}
        given = {key.replace("-", "_"): value for key, value in recipe.items()}
        if unknown := sorted(set(given) - known):
            raise SettingsError(
                f"The recipe has unknown keys: {', '.join(unknown)}. Known: {', '.join(sorted(known))}."
            )
        return cls(**{**given, **flags})

    def record(self) -> dict[str, Any]:
        """Return the settings as JSON-ready values, for the run folder."""
        values = {setting.name: getattr(self, setting.name) for setting in describe(type(self))}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def describe(cls: type[Settings]) -> tuple[Setting, ...]:
    """Return the settings of a class in the order in which it declares them."""
    hints = typing.get_type_hints(cls)
    return tuple(
        _describe(declared, _kinds(hints[declared.name]))
        for declared in fields(cls)
        if _KEY in declared.metadata and declared.default is not MISSING
    )


def _describe(declared: Field[Any], kinds: tuple[type, ...]) -> Setting:
    details = dict(declared.metadata[_KEY])
    if details["cap"] is None:
        details["cap"] = LARGEST_WHOLE_NUMBER if int in kinds else float_info.max
    return Setting(declared.name, declared.default, kinds=kinds, **details)


def _kinds(hint: Any) -> tuple[type, ...]:
    """Return the types that an annotation names: `int | None` gives int and NoneType, `tuple[str, ...]` gives tuple."""
    if isinstance(hint, types.UnionType):
        return typing.get_args(hint)
    return (typing.get_origin(hint) or hint,)


def read_recipe(path: Path) -> dict[str, Any]:
    """Return the tables of a TOML recipe, UTF-8 with or without a mark; raises SettingsError naming the file and the fault."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"Cannot read the recipe {path}: {error.strerror}. Check the path.") from error
    if content.startswith(UTF_16_MARKS) or b"\0" in content[:2]:
        raise SettingsError(f"The recipe {path} is in UTF-16, as some editors write. Save it as UTF-8.")
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise SettingsError(f"The recipe {path} is not in UTF-8: {error}. Save it as UTF-8.") from error
    except ValueError as error:  # a TOMLDecodeError, or a number of thousands of digits
        raise SettingsError(f"The recipe {path} is not valid TOML: {error}. Correct that line.") from error
    except RecursionError as error:
        raise SettingsError(f"The recipe {path} nests its lists or tables too deep. Write it flatter.") from error


def stage_table(path: Path, stage: str) -> Mapping[str, Any]:
    """Return the table of settings for `stage` in a recipe.

    Raises SettingsError when the recipe cannot be read, has no such table, has several, or something else of that name.
    """
    tables = read_recipe(path)
    if stage not in tables:
        held = ", ".join(tables) or "nothing"
        raise SettingsError(f"{path} has no table [{stage}]. It holds {held}. Add the table, or leave the recipe out.")
    return one_table(path, stage, tables[stage])


def one_table(path: Path, stage: str, table: Any) -> Mapping[str, Any]:
    """Return what a recipe holds under the name `stage`; raises SettingsError when it is no single table of settings."""
    if isinstance(table, list) and all(isinstance(row, dict) for row in table):
        way_out = "Give it to `vidstyle run`, or one table" if stage == "train" else f"Write [{stage}] once"
        raise SettingsError(f"{path} has several {stage} tables. {way_out}.")
    if not isinstance(table, dict):
        raise SettingsError(f"{stage} in {path} is {shown(table)}, and no table. Write [{stage}], and settings below.")
    return table
