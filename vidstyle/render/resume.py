"""What an earlier render of the same video left, and whether it can be used."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from vidstyle import __version__
from vidstyle.checksum import content_identity, sha256_of
from vidstyle.files import write_json
from vidstyle.render.journal import Entry, FileMark, Joined, Journal, Reading, Segment, Start, rewind_points
from vidstyle.render.painter_config import Decisions
from vidstyle.render.settings import RenderSettings
from vidstyle.render.work_folder import RenderFolder

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


FORMAT = 2


@dataclass(frozen=True)
class Kept:
    """Finished work that can be used: segments, whether they are joined, what reading came to when all is painted.

    `decided` is what was decided when the render began, None for a new one; `result` is the mark of the finished file;
    `lost` says why earlier work is not used.
    """

    segments: tuple[Segment, ...] = ()
    reading: Reading | None = None
    joined: Joined | None = None
    result: FileMark | None = None
    decided: Decisions | None = None
    lost: str = ""

    @property
    def pictures(self) -> int:
        """How many pictures are painted."""
        return sum(len(one.coded_pts) for one in self.segments)

    @property
    def repeated(self) -> int:
        """How many of them were shown again instead of being painted."""
        return sum(one.standing.repeated for one in self.segments)

    @property
    def notes(self) -> list[str]:
        """What is to be told of how they were painted."""
        return list(dict.fromkeys(text for one in self.segments for text in one.standing.notes))

    def start(self, folder: RenderFolder) -> Start:
        """Return where painting goes on after the segments, which are the first ones of their video."""
        if not self.segments:
            return Start()
        last, places = self.segments[-1], [one.place for one in self.segments]
        state = folder.state(last.number) if last.state else None
        before = rewind_points(places, last.number + 1)
        return Start(last.number + 1, last.place, last.shift, last.standing, state, before)

    def entries(self) -> list[tuple[str, Entry]]:
        """Return the lines of the journal that tell of this."""
        later = {"reading": self.reading, "joined": self.joined, "result": self.result}
        lines: list[tuple[str, Entry]] = [("segment", one) for one in self.segments]
        return lines + [(name, entry) for name, entry in later.items() if entry is not None]


def look(folder: RenderFolder, made_of: dict[str, Any], *, restart: bool, scattered: bool = False) -> Kept:
    """Return what can be used for a render that is `made_of` the same; nothing is changed.

    With `scattered` segments count wherever in the video they are, else the ones at its beginning.
    """
    try:
        manifest = json.loads(folder.manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Kept()
    if restart:
        return Kept(lost="asked for with --restart")
    if manifest.get("format") != FORMAT:
        return Kept(lost="the earlier run was made by another version")
    if changed := changes(manifest["made_of"], made_of):
        return Kept(lost=", ".join(changed))
    found = _usable(folder, made_of["settings"]["segment"], scattered=scattered)
    return replace(found, decided=Decisions.from_json(manifest["resolved"]))


def recorded(folder: RenderFolder) -> Kept:
    """Return what the journal tells of, whether the files are there or not."""
    lines = Journal(folder.journal).read()
    last: dict[str, Any] = {name: entry for name, entry in lines if name != "segment"}
    segments = {entry.number: entry for _, entry in lines if isinstance(entry, Segment)}
    in_order = tuple(segments[number] for number in sorted(segments))
    return Kept(in_order, last.get("reading"), last.get("joined"), last.get("result"))


def _usable(folder: RenderFolder, frames: int, *, scattered: bool) -> Kept:
    painted = recorded(folder)
    if painted.result and painted.result.fits(folder.target):
        return painted
    if painted.joined and checksum(folder.joined) == painted.joined.sha256:
        return replace(painted, result=None)
    if scattered:
        return Kept(tuple(one for one in painted.segments if _is_whole(folder, one)))
    whole = _whole(folder, painted.segments)
    if painted.reading and len(whole) == len(painted.segments):
        return Kept(whole, painted.reading)
    return Kept(_full(folder, whole, frames))


def _whole(folder: RenderFolder, segments: tuple[Segment, ...]) -> tuple[Segment, ...]:
    """Return the segments before the first whose file is not what was written."""
    for place, segment in enumerate(segments):
        if segment.number != place or not _is_whole(folder, segment):
            return segments[:place]
    return segments


def _is_whole(folder: RenderFolder, segment: Segment) -> bool:
    return checksum(folder.segment(segment.number)) == segment.sha256


def _full(folder: RenderFolder, segments: tuple[Segment, ...], frames: int) -> tuple[Segment, ...]:
    """Return the segments after which painting can go on: full ones, up to one whose painter's memory is there."""
    full = [one for one in segments if one.place.pictures == (one.number + 1) * frames]
    while full and full[-1].state and checksum(folder.state(full[-1].number)) != full[-1].state:
        full.pop()
    return tuple(full)


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file, as hexadecimal; "" where there is none."""
    try:
        return sha256_of(path)
    except FileNotFoundError:
        return ""


def take_up(folder: RenderFolder, kept: Kept) -> None:
    """Leave in the folder what is kept, and nothing else; raises OSError or OutputError."""
    files = {folder.segment(one.number) for one in kept.segments} if not kept.joined else {folder.joined}
    files |= {folder.state(one.number) for one in kept.segments[-1:]}
    if kept.decided is not None:
        files |= {folder.manifest, folder.journal}
    folder.keep_only(files)
    if kept.decided is not None:
        Journal(folder.journal).replace(kept.entries())


def begin(folder: RenderFolder, made_of: dict[str, Any], decided: Decisions) -> None:
    """Write down what is rendered and what was decided for it, and that nothing is done; raises OutputError."""
    Journal(folder.journal).replace(())
    write_json(folder.manifest, {"format": FORMAT, "made_of": made_of, "resolved": decided.to_json()})
