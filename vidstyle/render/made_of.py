"""What a half-finished render was made of and for: whether painting may go on after it, or what has changed."""

import json
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from vidstyle import __version__
from vidstyle.checksum import content_identity
from vidstyle.render.settings import RenderSettings

FREE = ("style", "diversify_style", "audio", "subtitles", "strict", "overwrite", "restart", "dry_run")
"""Settings that change no painted picture; of the style the content counts, not the name."""


def made_of(source: Path, settings: RenderSettings, models: Mapping[str, Any]) -> dict[str, Any]:
    """Return all that decides about the painted pictures, as JSON-ready values; `models` is the record of the engine."""
    asked = {name: value for name, value in settings.record().items() if name not in FREE}
    upscaler = Path(settings.upscaler)
    all_of_it = {
        "source": _file(source),
        "settings": asked,
        "style": models["style_sha256"],
        "look": models.get("look_sha256"),
        "upscaler": _file(upscaler) if upscaler.is_file() else None,
        "versions": versions(),
    }
    known: dict[str, Any] = json.loads(json.dumps(all_of_it, default=str))
    return known


def versions() -> dict[str, str]:
    """Return the versions of what decides about the pictures."""
    return {"vidstyle": __version__, "torch": _version("torch"), "av": _version("av")}


def _file(path: Path) -> dict[str, Any]:
    return {"content": content_identity(path), "mtime_ns": path.stat().st_mtime_ns}


def changes(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Return in words what is not as it was."""
    whole = [
        f"the {name} has changed" for name in ("source", "style", "look", "upscaler") if before.get(name) != now[name]
    ]
    parts = [
        f"{name} was {_shown(before.get(group, {}).get(name))} and is {_shown(value)}"
        for group in ("settings", "versions")
        for name, value in now[group].items()
        if before.get(group, {}).get(name) != value
    ]
    return whole + parts


def _shown(value: Any) -> str:
    return "not given" if value is None else str(value)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
