"""The base of every stage's settings.

Each field states its default, help and range once; options, recipe keys and records are made from it.
"""

import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from vidstyle.errors import SettingsError

_KEY = "setting"


@dataclass(frozen=True)
class Setting:
    """One field of a stage's settings: its name, default, help, accepted types and range.

    A field with `choices` takes one of them. A number may also be given as one of the `keywords`, such as `auto`.
    """

    name: str
    default: Any
    help: str
    kinds: tuple[type, ...]
    minimum: float | None
    maximum: float | None
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
            good = isinstance(texts, list | tuple) and all(isinstance(text, str) for text in texts)
            return tuple(self._accept(texts, good))
        if isinstance(value, bool) or bool in self.kinds:
            return self._accept(value, isinstance(value, bool) and bool in self.kinds)
        if isinstance(value, int) and float in self.kinds and int not in self.kinds:
            value = float(value)
        if isinstance(value, int | float):
            return self._accept(value, type(value) in self.kinds and self._within(value))
        if isinstance(value, str) and (self.choices or self.keywords):
            free = str in self.kinds and not self.choices and not ({int, float} & set(self.kinds))
            return self._accept(value, free or value in self.choices or value in self.keywords)
        return self._accept(value, type(value) in self.kinds)

    def _within(self, value: float) -> bool:
        if self.minimum is not None and value < self.minimum:
            return False
        return self.maximum is None or value <= self.maximum

    def _accept(self, value: Any, good: bool) -> Any:
        if not good:
            raise SettingsError(f"{self.flag} cannot be {value!r}: {self._expected()}.")
        return value

    def _expected(self) -> str:
        if bool in self.kinds:
            return "it is true or false"
        limits = [f"at least {self.minimum:g}"] if self.minimum is not None else []
        limits += [f"at most {self.maximum:g}"] if self.maximum is not None else []
        return f"it takes {self.values}" + (f", {' and '.join(limits)}" if limits else "")


def setting(
    default: Any,
    help: str,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[str, ...] = (),
    keywords: tuple[str, ...] = (),
) -> Any:
    """Declare a field of a settings class; `keywords` are texts that are accepted besides a number."""
    details = {"help": help, "minimum": minimum, "maximum": maximum, "choices": choices, "keywords": keywords}
    return field(default=default, metadata={_KEY: details})


@dataclass(frozen=True)
class Settings:
    """Base of every stage's settings: frozen, and checked when an instance is made, which raises SettingsError."""

    def __post_init__(self) -> None:
        for setting in describe(type(self)):
            object.__setattr__(self, setting.name, setting.checked(getattr(self, setting.name)))

    @classmethod
    def resolve(cls, recipe: Mapping[str, Any], flags: Mapping[str, Any]) -> Self:
        """Return settings with the precedence default < recipe < flag; raises SettingsError on unknown recipe keys."""
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
        Setting(declared.name, declared.default, kinds=_kinds(hints[declared.name]), **declared.metadata[_KEY])
        for declared in fields(cls)
        if _KEY in declared.metadata and declared.default is not MISSING
    )


def _kinds(hint: Any) -> tuple[type, ...]:
    """Return the types that an annotation names: `int | None` gives int and NoneType, `tuple[str, ...]` gives tuple."""
    if isinstance(hint, types.UnionType):
        return typing.get_args(hint)
    return (typing.get_origin(hint) or hint,)


def read_recipe(path: Path) -> dict[str, Any]:
    """Return the tables of a TOML recipe; raises SettingsError naming the file and the fault."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"Cannot read the recipe {path}: {error.strerror}. Check the path.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"The recipe {path} is not valid TOML: {error}. Correct that line.") from error
