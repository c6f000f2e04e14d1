"""Makes command-line options of a stage's settings, and reads a command's settings from options and recipe."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from vidstyle.errors import SettingsError
from vidstyle.settings import Setting, Settings, describe, stage_table

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


def flag_options(cls: type[Settings], names: Sequence[str] = ()) -> Callable[[Command], Command]:
    """Return a decorator that gives a command one option for each field of `cls`, or those of these names.

    It adds no `--recipe`.
    """

    def decorate(command: Command) -> Command:
        for setting in reversed(describe(cls)):
            if not names or setting.name in names:
                command = _option(setting)(command)
        return command

    return decorate


def _option(setting: Setting) -> Callable[[Command], Command]:
    help_text = setting.help[0].upper() + setting.help[1:] + "."
    if bool in setting.kinds:
        spelling = f"--{setting.flag}" if setting.default is False else f"--{setting.flag}/--no-{setting.flag}"
        default = " [default: on]" if setting.default else ""
        return click.option(spelling, setting.name, default=None, is_flag=True, help=help_text + default)
    default = "" if setting.default in (None, "", ()) else f" [default: {setting.default}]"
    return click.option(
        f"--{setting.flag}",
        setting.name,
        type=str if setting.many else SettingType(setting),
        multiple=setting.many,
        metavar=setting.values,
        help=help_text + default,
    )


def settings_from(cls: type[AnySettings], stage: str, recipe: Path | None, flags: dict[str, Any]) -> AnySettings:
    """Return a command's settings from the table `stage` of its recipe and the flags that were given.

    Raises SettingsError.
    """
    table = stage_table(recipe, stage) if recipe else {}
    return cls.resolve(table, {name: value for name, value in flags.items() if value not in (None, ())})
