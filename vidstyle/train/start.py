"""Where a generator begins: with the weights of a style, or with random ones."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vidstyle.errors import SettingsError
from vidstyle.models.style_file import Style, find_style, load_style
from vidstyle.train.ema import ExponentialMovingAverage
from vidstyle.train.method_defaults import METHODS
from vidstyle.train.settings import TrainSettings

FLAT_STYLE = "flat"
"""The style of the package that knows flattened photos alone: where the method `cartoon` begins."""
TEACHER_FILE = "teacher.json"
"""Beside the folder of photos of a student: who painted the targets, and in how many milliseconds a picture."""


def start_from_style(settings: TrainSettings, ema: ExponentialMovingAverage) -> None:
    """Begin with the weights of the style that `settings.init` names, or leave the random ones where it names none.

    Raises StyleError, and SettingsError where the style's generator is of another kind or size.
    """
    if style := starting_style(settings):
        ema.network.load_state_dict(style.weights)
        ema.load(style.weights)


def starting_style(settings: TrainSettings) -> Style | None:
    """Return the style that a run starts from, if any; raises as `start_from_style` does."""
    name = settings.init
    if name in ("", "none"):
        return None
    if name == "auto":
        return next((style for style in _known_styles(settings) if not _misfit(style, settings)), None)
    style = load_style(find_style(name))
    if misfit := _misfit(style, settings):
        raise SettingsError(f"The style {name} {misfit}")
    return style


def read_teacher(folder: Path) -> dict[str, Any]:
    """Return what the painter of a student's targets left about itself in their folder, nothing where it left nothing."""
    path = folder / TEACHER_FILE
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def _known_styles(settings: TrainSettings) -> Iterator[Style]:
    """Yield the styles that `auto` chooses from, the nearest to the goal first: a student's teacher, and flattened photos."""
    if settings.method == "distil":
        teacher = read_teacher(Path(settings.photos).parent).get("name")
        if teacher and Path(teacher).is_file():
            yield load_style(Path(teacher))
    yield load_style(find_style(FLAT_STYLE))


def _misfit(style: Style, settings: TrainSettings) -> str:
    """Return why the weights of a style cannot be those of the generator that is fitted, nothing where they can."""
    kind = METHODS[settings.method].generator
    if style.kind != kind:
        return (
            f"holds a {style.kind} generator, and {settings.method} fits a {kind} one. "
            "Give a style of that kind, or another --method."
        )
    if (style.channels, style.blocks) != (settings.channels, settings.blocks):
        return (
            f"has {style.channels} channels and {style.blocks} blocks. "
            f"Give --channels {style.channels} --blocks {style.blocks} to start from it."
        )
    return ""
