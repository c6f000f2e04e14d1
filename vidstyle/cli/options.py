"""Click options made from a stage's settings, and the recipe table beneath them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from vidstyle.errors import SettingsError
from vidstyle.settings import Setting, Settings, describe, read_recipe

Command = TypeVar("Command", bound=Callable[..., Any])
AnySettings = TypeVar("AnySettings", bound=Settings)


class SettingType(click.ParamType):
    """A click type that accepts what a setting accepts."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.name = setting.values

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the parsed value, or fail with the setting's own message."""
        try:
            return self.setting.parse(value) if isinstance(value, str) else self.setting.checked(value)
        except SettingsError as error:
            self.fail(str(error), param, ctx)


def settings_options(cls: type[Settings]) -> Callable[[Command], Command]:
    """Return a decorator that gives a command one option for each field of `cls`, and `--recipe`."""

    def decorate(command: Command) -> Command:
        recipe = click.option(
            "--recipe", type=click.Path(path_type=Path), help="TOML recipe whose table is read first."
        )
        return flag_options(cls)(recipe(command))

    return decorate


def flag_options(cls: type[Settings]) -> Callable[[Command], Command]:
    """Return a decorator that gives a command one option for each field of `cls`, which no recipe states."""

    def decorate(command: Command) -> Command:
        for one in reversed(describe(cls)):
            command = _option(one)(command)
        return command

    return decorate


def _option(one: Setting) -> Callable[[Command], Command]:
    if bool in one.kinds:
        spelling = f"--{one.flag}/--no-{one.flag}" if one.default is not False else f"--{one.flag}"
        default = " [default: on]" if one.default else ""
        return click.option(spelling, one.name, default=None, is_flag=True, help=_sentence(one.help) + default)
    shown = "" if one.default in (None, "", ()) else f" [default: {one.default}]"
    return click.option(
        f"--{one.flag}",
        one.name,
        type=str if one.many else SettingType(one),
        multiple=one.many,
        metavar=one.values,
        help=_sentence(one.help) + shown,
    )


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."


def settings_from(cls: type[AnySettings], stage: str, recipe: Path | None, flags: dict[str, Any]) -> AnySettings:
    """Return the settings of a command from its recipe's `stage` table and the flags that were given; raises SettingsError."""
    table = read_recipe(recipe).get(stage, {}) if recipe else {}
    if isinstance(table, list):
        raise SettingsError(f"{recipe} has several {stage} tables. Give it to `vidstyle run`, or one table.")
    return cls.resolve(table, {name: value for name, value in flags.items() if value not in (None, ())})
