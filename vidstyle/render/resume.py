"""What an earlier run of the same render left, whether it can be used, and how it is kept."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from vidstyle import __version__
from vidstyle.checksum import content_identity, sha256_or_empty
from vidstyle.files import DAMAGE, write_json
from vidstyle.render.journal import Entry, FileMark, Joined, Journal, Reading, ResumePoint, Segment, rewind_points
from vidstyle.render.painter_config import Decisions
from vidstyle.render.settings import RenderSettings
from vidstyle.render.work_folder import RenderFolder

FORMAT = 2
"""The number of the format of manifest and journal; see docs/formats.md."""
NOT_IN_FINGERPRINT = (
    "style",
    "fast",
    "diversify_style",
    "audio",
    "subtitles",
    "strict",
    "overwrite",
    "restart",
    "dry_run",
)
"""Settings that change no painted picture; of the style the content counts, not the name."""


def fingerprint(source: Path, settings: RenderSettings, models: Mapping[str, Any]) -> dict[str, Any]:
    """Return all that decides about the painted pictures, as JSON can hold it; `models` is the record of the engine."""
    upscaler = Path(settings.upscaler)
    asked = settings.record() | {"finish": settings.decided_finish, "calm": settings.calm_share}
    left_out = NOT_IN_FINGERPRINT if settings.is_guided else (*NOT_IN_FINGERPRINT, "calm")
    values = {
        "source": _file_identity(source),
        "settings": {name: value for name, value in asked.items() if name not in left_out},
        "style": models["style_sha256"],
        "look": models.get("look_sha256"),
        "upscaler": _file_identity(upscaler) if upscaler.is_file() else None,
        "versions": versions(),
    }
    as_read_again: dict[str, Any] = json.loads(json.dumps(values, default=str))
    return as_read_again


def _file_identity(path: Path) -> dict[str, Any]:
    return {"content": content_identity(path), "mtime_ns": path.stat().st_mtime_ns}


def versions() -> dict[str, str]:
    """Return the versions of what decides about the pictures."""
    return {"vidstyle": __version__, "torch": _version("torch"), "av": _version("av")}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def changes(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Return in words how one fingerprint differs from another."""
    names = ("source", "style", "look", "upscaler")
    whole = [f"the {name} has changed" for name in names if before.get(name) != now[name]]
    parts = [
        f"{name} was {_shown(before.get(group, {}).get(name))} and is {_shown(value)}"
        for group in ("settings", "versions")
        for name, value in now[group].items()
        if before.get(group, {}).get(name) != value
    ]
    return whole + parts


def _with_finish(made_of: dict[str, Any]) -> dict[str, Any]:
    """Return a fingerprint with the finish that it means, also where 0.1.0 wrote it, which had no guided filter."""
    settings = made_of.get("settings", {})
    meant = "none" if settings.get("upscaler") == "none" else "upscaler"
    return {**made_of, "settings": {"finish": meant, **settings}}


def _shown(value: Any) -> str:
    return "not given" if value is None else str(value)


@dataclass(frozen=True)
class EarlierWork:
    """Finished work of an earlier run that can be used.

    `reading` is there when all of the video is painted, and `joined` when its segments are one file. `result` is the mark of
    the finished file. `decided` is None for a new render. `not_used_because` says why earlier work is not used, if so.
    """

    segments: tuple[Segment, ...] = ()
    reading: Reading | None = None
    joined: Joined | None = None
    result: FileMark | None = None
    decided: Decisions | None = None
    not_used_because: str = ""

    @property
    def frames(self) -> int:
        """How many frames are painted."""
        return sum(len(segment.coded_pts) for segment in self.segments)

    @property
    def repeated(self) -> int:
        """How many of them were shown again instead of being painted."""
        return sum(segment.progress.repeated for segment in self.segments)

    @property
    def notes(self) -> list[str]:
        """What the user should know of how they were painted."""
        return list(dict.fromkeys(note for segment in self.segments for note in segment.progress.notes))

    def resume_point(self, folder: RenderFolder) -> ResumePoint:
        """Return where painting goes on after the segments, which are the first ones of their video."""
        if not self.segments:
            return ResumePoint()
        last, positions = self.segments[-1], [segment.position for segment in self.segments]
        return ResumePoint(
            number=last.number + 1,
            position=last.position,
            shift=last.shift,
            progress=last.progress,
            state=folder.state(last.number) if last.state else None,
            rewind_points=rewind_points(positions, last.number + 1),
        )

    def entries(self) -> list[tuple[str, Entry]]:
        """Return the lines of the journal that tell of this work."""
        later = {"reading": self.reading, "joined": self.joined, "result": self.result}
        lines: list[tuple[str, Entry]] = [("segment", segment) for segment in self.segments]
        return lines + [(kind, entry) for kind, entry in later.items() if entry is not None]


def find_earlier_work(
    folder: RenderFolder, fingerprint: dict[str, Any], *, restart: bool, scattered: bool = False
) -> EarlierWork:
    """Return the earlier work whose fingerprint matches; it only reads. Raises OSError where it cannot read what is there.

    With `scattered` segments count wherever in the video they are, else only those at its beginning.
    """
    try:
        manifest = json.loads(folder.manifest.read_text(encoding="utf-8"))
        if restart:
            return EarlierWork(not_used_because="asked for with --restart")
        if manifest.get("format") != FORMAT:
            return EarlierWork(not_used_because="the earlier run was made by another version")
        if changed := changes(_with_finish(manifest["made_of"]), fingerprint):
            return EarlierWork(not_used_because=", ".join(changed))
        decided = Decisions.from_json(manifest["resolved"])
    except (FileNotFoundError, NotADirectoryError):
        return EarlierWork()
    except DAMAGE:
        return EarlierWork(not_used_because="its manifest is damaged")
    found = _usable(folder, fingerprint["settings"]["segment"], scattered=scattered)
    return replace(found, decided=decided)


def read_journal(folder: RenderFolder) -> EarlierWork:
    """Return the work that the journal tells of, whether the files are there or not."""
    entries = Journal(folder.journal).read()
    last: dict[str, Any] = {kind: entry for kind, entry in entries if kind != "segment"}
    segments = {entry.number: entry for _, entry in entries if isinstance(entry, Segment)}
    in_order = tuple(segments[number] for number in sorted(segments))
    return EarlierWork(in_order, last.get("reading"), last.get("joined"), last.get("result"))


def _usable(folder: RenderFolder, frames: int, *, scattered: bool) -> EarlierWork:
    """Return the work in the journal whose files are what was written; `frames` is the length of a full segment."""
    written = read_journal(folder)
    if written.result and written.result.fits(folder.target):
        return written
    if written.joined and sha256_or_empty(folder.joined) == written.joined.sha256:
        return replace(written, result=None)
    if scattered:
        return EarlierWork(tuple(segment for segment in written.segments if _is_whole(folder, segment)))
    whole = _whole(folder, written.segments)
    if written.reading and len(whole) == len(written.segments):
        return EarlierWork(whole, written.reading)
    return EarlierWork(_resumable(folder, whole, frames))


def _whole(folder: RenderFolder, segments: tuple[Segment, ...]) -> tuple[Segment, ...]:
    """Return the segments before the first whose file is not what was written."""
    for number, segment in enumerate(segments):
        if segment.number != number or not _is_whole(folder, segment):
            return segments[:number]
    return segments


def _is_whole(folder: RenderFolder, segment: Segment) -> bool:
    return sha256_or_empty(folder.segment(segment.number)) == segment.sha256


def _resumable(folder: RenderFolder, segments: tuple[Segment, ...], frames: int) -> tuple[Segment, ...]:
    """Return the segments after which painting can go on: full ones, up to one whose painter's memory is there."""
    full = [segment for segment in segments if segment.position.pictures == (segment.number + 1) * frames]
    while full and full[-1].state and sha256_or_empty(folder.state(full[-1].number)) != full[-1].state:
        full.pop()
    return tuple(full)


def keep_only(folder: RenderFolder, earlier: EarlierWork) -> None:
    """Leave in the folder the earlier work, and nothing else; raises OSError or OutputError."""
    files = {folder.joined} if earlier.joined else {folder.segment(segment.number) for segment in earlier.segments}
    files |= {folder.state(segment.number) for segment in earlier.segments[-1:]}
    if earlier.decided is not None:
        files |= {folder.manifest, folder.journal}
    folder.keep_only(files)
    if earlier.decided is not None:
        Journal(folder.journal).replace(earlier.entries())


def begin(folder: RenderFolder, fingerprint: dict[str, Any], decided: Decisions) -> None:
    """Write what is rendered and what was decided for it, with an empty journal; raises OutputError."""
    Journal(folder.journal).replace(())
    manifest = {"format": FORMAT, "made_of": fingerprint, "resolved": decided.to_json()}
    write_json(folder.manifest, manifest)
