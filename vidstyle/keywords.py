"""Settings as keywords of Python functions: shown in their signatures and help, and checked as the options of commands are."""

import difflib
import inspect
import os
import typing
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from vidstyle.errors import SettingsError
from vidstyle.settings import Settings, describe

Function = TypeVar("Function", bound=Callable[..., Any])
AnySettings = TypeVar("AnySettings", bound=Settings)


def settings_as_keywords(cls: type[Settings], names: Sequence[str] = ()) -> Callable[[Function], Function]:
    """Return a decorator that shows the settings of `cls`, or those of these names, in a function's signature and help."""

    def decorate(function: Function) -> Function:
        signature, hints = inspect.signature(function), typing.get_type_hints(cls)
        settings = [setting for setting in describe(cls) if not names or setting.name in names]
        parameters = [parameter for name, parameter in signature.parameters.items() if name != "settings"]
        parameters += [
            inspect.Parameter(
                setting.name, inspect.Parameter.KEYWORD_ONLY, default=setting.default, annotation=hints[setting.name]
            )
            for setting in settings
        ]
        function.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        lines = [f"    {setting.name}: {setting.help}" for setting in settings]
        function.__doc__ = "\n".join([f"{inspect.getdoc(function)}\n\nSettings:", *lines])
        return function

    return decorate


def resolve(cls: type[AnySettings], function: str, keywords: dict[str, Any]) -> AnySettings:
    """Return the settings that keywords name; raises SettingsError for one that is unknown or has another kind of value."""
    refuse_unknown(function, keywords, [setting.name for setting in describe(cls)])
    return cls.resolve({}, {name: _as_text(value) for name, value in keywords.items()})


def refuse_unknown(function: str, keywords: Iterable[str], known: Sequence[str]) -> None:
    """Raise SettingsError where one of the keywords is not known."""
    for name in keywords:
        if name not in known:
            close = difflib.get_close_matches(name, known, 1)
            hint = f" Did you mean {close[0]}?" if close else ""
            raise SettingsError(f"{function}() has no setting {name!r}.{hint} Known: {', '.join(sorted(known))}.")


def _as_text(value: Any) -> Any:
    """Return a setting's value with paths as text, as settings hold them."""
    if isinstance(value, list | tuple):
        return tuple(_as_text(part) for part in value)
    return os.fspath(value) if isinstance(value, os.PathLike) else value
