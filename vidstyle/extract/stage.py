"""The extract stage: episodes in, a folder of their best frames out."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

from vidstyle.analysis.near_duplicates import Signature
from vidstyle.analysis.sharpness import picture_sharpness
from vidstyle.errors import OutputError
from vidstyle.extract.candidate import Candidate
from vidstyle.extract.choose import choose
from vidstyle.extract.deblur import Deblurrer, deblurrer
from vidstyle.extract.episodes import expected_frames, read_episodes
from vidstyle.extract.manifest import Manifest
from vidstyle.extract.report import write_report
from vidstyle.extract.settings import ExtractSettings
from vidstyle.extract.sources import Source, find_files, open_sources
from vidstyle.extract.staging import Episode, Staging, staging_in
from vidstyle.media.images import list_images, read_image, write_image
from vidstyle.media.lossless import read_lossless
from vidstyle.progress import OnProgress, Progress, StageResult, silent


@dataclass
class _Run:
    """What one run has gathered."""

    settings: ExtractSettings
    target: Path
    staging: Staging
    earlier: frozenset[str]
    deblur: Deblurrer
    on_progress: OnProgress
    episodes: list[Episode]

    @property
    def candidates(self) -> list[Candidate]:
        """The candidates of all episodes."""
        return [one for episode in self.episodes for one in episode.candidates]


def run(
    sources: Sequence[Path], target: Path, settings: ExtractSettings, on_progress: OnProgress = silent
) -> StageResult:
    """Fill `target` with the best frames of the sources and record every candidate in its manifest.

    Sources that the manifest holds with the same settings are skipped. Raises InputError for unusable sources, OutputError
    for an unusable target, StyleError for unusable weights; an interrupted run leaves what was there as it was.
    """
    began = time.monotonic()
    if target.exists() and not target.is_dir():
        raise OutputError(f"{target} is a file, not a folder. Give another name with -o.")
    before = Manifest.read(target)
    manifest = Manifest(target) if settings.overwrite else before
    opened = open_sources(find_files(sources), manifest.names())
    fresh = _unread(opened, manifest, settings)
    if settings.dry_run:
        return _plan(opened, fresh, settings, time.monotonic() - began)
    deblur = deblurrer(settings.deblur, settings.device)
    with staging_in(target) as staging:
        episodes = read_episodes(fresh, settings, staging, on_progress) if fresh else []
        one_run = _Run(settings, target, staging, frozenset(before.kept_files()), deblur, on_progress, episodes)
        choose(one_run.candidates, _present(one_run), settings)
        written = _write(one_run)
        if fresh:
            manifest.add(_entries(one_run))
            manifest.write(settings)
            write_report(target, manifest, staging)
    if settings.overwrite:
        _remove(target, one_run.earlier - {path.name for path in written})
    return _result(one_run, opened, fresh, written, time.monotonic() - began)


def _unread(opened: Sequence[Source], manifest: Manifest, settings: ExtractSettings) -> list[Source]:
    by_identity = {source.identity: source for source in reversed(opened)}
    return [one for one in opened if by_identity[one.identity] is one and not manifest.holds(one, settings)]


def _remove(folder: Path, names: Iterable[str]) -> None:
    for name in names:
        (folder / name).unlink(missing_ok=True)


def _present(one_run: _Run) -> list[tuple[str, Signature]]:
    """Return the looks of images that stay in the folder: not what this run replaces, nor the orphans of a broken-off run."""
    replaced = {one.name for one in one_run.candidates} - one_run.earlier
    replaced |= one_run.earlier if one_run.settings.overwrite else set()
    return [
        (path.name, Signature.of(read_image(path))) for path in list_images(one_run.target) if path.name not in replaced
    ]


def _write(one_run: _Run) -> list[Path]:
    """Deblur and write what is kept; return the files."""
    settings = one_run.settings
    chosen = [one for one in one_run.candidates if one.kept]
    written = []
    for done, candidate in enumerate(chosen, 1):
        result = one_run.deblur(read_lossless(one_run.staging.picture(candidate.name)))
        candidate.deblurred, candidate.deblurring = result.method, result.record
        candidate.sharpness_written = picture_sharpness(result.picture)
        if max(candidate.sharpness_written, candidate.sharpness) < settings.min_sharpness:
            candidate.reason = "soft"
        else:
            write_image(one_run.target / candidate.name, result.picture)
            written.append(one_run.target / candidate.name)
        one_run.on_progress(Progress("write", done, len(chosen), "pictures"))
    return written


def _entries(one_run: _Run) -> list[dict[str, Any]]:
    return [{**one.entry, "candidates": [each.record() for each in one.candidates]} for one in one_run.episodes]


def _plan(opened: Sequence[Source], fresh: Sequence[Source], settings: ExtractSettings, seconds: float) -> StageResult:
    frames = [expected_frames(one.clip, settings) or 0 for one in fresh]
    windows = sum(
        ceil(count / (settings.every * one.clip.frame_rate)) for count, one in zip(frames, fresh, strict=True)
    )
    counts = {"sources": len(fresh), "skipped": len(opened) - len(fresh), "frames": sum(frames), "windows": windows}
    return StageResult("extract", tuple(one.clip.path for one in opened), (), counts, seconds, settings.record())


def _result(
    one_run: _Run, opened: Sequence[Source], fresh: Sequence[Source], written: list[Path], seconds: float
) -> StageResult:
    dropped = [one.reason for one in one_run.candidates if one.reason]
    counts = {
        "sources": len(fresh),
        "skipped": len(opened) - len(fresh),
        "frames": sum(one.entry["frames"] for one in one_run.episodes),
        "candidates": len(one_run.candidates),
        "kept": len(written),
        "deblurred": sum(one.kept and one.deblurred != "none" for one in one_run.candidates),
        **{reason: dropped.count(reason) for reason in sorted(set(dropped))},
    }
    return StageResult(
        "extract",
        tuple(one.clip.path for one in opened),
        tuple(written),
        counts,
        seconds,
        one_run.settings.record(),
        tuple(text for one in one_run.episodes for text in one.entry["warnings"]),
    )
