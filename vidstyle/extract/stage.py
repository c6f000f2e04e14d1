"""The extract stage: reads episodes and fills a folder with their best frames."""

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
from vidstyle.extract.sources import Source, find_files, open_sources, passed_over
from vidstyle.extract.staging import Episode, Staging, staging_in
from vidstyle.media.images import list_images, read_image, write_image
from vidstyle.media.lossless import read_lossless
from vidstyle.progress import OnProgress, Progress, StageResult, silent


@dataclass
class _Run:
    """What one run works with and has gathered; `earlier_files` are the names of frames that earlier runs kept."""

    settings: ExtractSettings
    target: Path
    staging: Staging
    earlier_files: frozenset[str]
    deblur: Deblurrer
    on_progress: OnProgress
    episodes: list[Episode]

    @property
    def candidates(self) -> list[Candidate]:
        """The candidates of all episodes."""
        return [candidate for episode in self.episodes for candidate in episode.candidates]


def run(
    sources: Sequence[Path], target: Path, settings: ExtractSettings, on_progress: OnProgress = silent
) -> StageResult:
    """Fill `target` with the best frames of the sources and record every candidate in its manifest.

    Sources that the manifest holds with the same settings are skipped. Raises InputError for unusable sources, OutputError
    for an unusable target, StyleError for unusable weights. An interrupted run leaves what was in the folder as it was.
    """
    began = time.monotonic()
    if target.exists() and not target.is_dir():
        raise OutputError(f"{target} is a file, not a folder. Give another name with -o.")
    before = Manifest.read(target)
    manifest = Manifest(target) if settings.overwrite else before
    opened = open_sources(find_files(sources), manifest.names())
    unread = _unread(opened, manifest, settings)
    if settings.dry_run:
        return _plan(opened, unread, settings, passed_over(sources), time.monotonic() - began)
    deblur = deblurrer(settings.deblur, settings.device)
    with staging_in(target, on_progress) as staging:
        episodes = read_episodes(unread, settings, staging, on_progress) if unread else []
        this_run = _Run(settings, target, staging, frozenset(before.kept_files()), deblur, on_progress, episodes)
        choose(this_run.candidates, _present(this_run), settings)
        written = _write(this_run)
        if unread:
            manifest.add(_entries(this_run))
            write_report(target, manifest, staging)
            manifest.write(settings)  # last: sources that it holds are not read again
    if settings.overwrite:
        _remove(target, this_run.earlier_files - {path.name for path in written})
    return _result(this_run, opened, unread, written, passed_over(sources), time.monotonic() - began)


def _unread(opened: Sequence[Source], manifest: Manifest, settings: ExtractSettings) -> list[Source]:
    """Return the sources that the manifest does not hold, the first one of several with the same content."""
    by_identity = {source.identity: source for source in reversed(opened)}
    return [
        source for source in opened if by_identity[source.identity] is source and not manifest.holds(source, settings)
    ]


def _remove(folder: Path, names: Iterable[str]) -> None:
    for name in names:
        (folder / name).unlink(missing_ok=True)


def _present(this_run: _Run) -> list[tuple[str, Signature]]:
    """Return the names and signatures of images that stay in the folder.

    These are not the images that this run replaces, nor those that a run left which was broken off while it wrote.
    """
    replaced = {candidate.name for candidate in this_run.candidates} - this_run.earlier_files
    replaced |= this_run.earlier_files if this_run.settings.overwrite else set()
    paths = [path for path in list_images(this_run.target) if path.name not in replaced]
    return [(path.name, Signature.of(read_image(path))) for path in paths]


def _write(this_run: _Run) -> list[Path]:
    """Deblur and write what is kept; return the files."""
    settings = this_run.settings
    kept = [candidate for candidate in this_run.candidates if candidate.kept]
    written = []
    for done, candidate in enumerate(kept, 1):
        result = this_run.deblur(read_lossless(this_run.staging.picture(candidate.name)))
        candidate.deblurred, candidate.deblurring = result.method, result.record
        candidate.sharpness_written = picture_sharpness(result.picture)
        if max(candidate.sharpness_written, candidate.sharpness) < settings.min_sharpness:
            candidate.reason = "soft"
        else:
            write_image(this_run.target / candidate.name, result.picture)
            written.append(this_run.target / candidate.name)
        this_run.on_progress(Progress("write", done, len(kept), "pictures"))
    return written


def _entries(this_run: _Run) -> list[dict[str, Any]]:
    return [
        {**episode.entry, "candidates": [candidate.record() for candidate in episode.candidates]}
        for episode in this_run.episodes
    ]


def _plan(
    opened: Sequence[Source],
    unread: Sequence[Source],
    settings: ExtractSettings,
    warnings: tuple[str, ...],
    seconds: float,
) -> StageResult:
    """Return the result of a dry run: the expected number of frames and windows of the sources that would be read."""
    frames = [expected_frames(source.clip, settings) or 0 for source in unread]
    windows = sum(
        ceil(count / (settings.every * source.clip.frame_rate)) for count, source in zip(frames, unread, strict=True)
    )
    counts = {"sources": len(unread), "skipped": len(opened) - len(unread), "frames": sum(frames), "windows": windows}
    return StageResult("extract", _paths(opened), (), counts, seconds, settings.record(), warnings)


def _result(
    this_run: _Run,
    opened: Sequence[Source],
    unread: Sequence[Source],
    written: list[Path],
    warnings: tuple[str, ...],
    seconds: float,
) -> StageResult:
    dropped = [candidate.reason for candidate in this_run.candidates if candidate.reason]
    counts = {
        "sources": len(unread),
        "skipped": len(opened) - len(unread),
        "frames": sum(episode.entry["frames"] for episode in this_run.episodes),
        "candidates": len(this_run.candidates),
        "kept": len(written),
        "deblurred": sum(candidate.kept and candidate.deblurred != "none" for candidate in this_run.candidates),
        **{reason: dropped.count(reason) for reason in sorted(set(dropped))},
    }
    warnings += tuple(text for episode in this_run.episodes for text in episode.entry["warnings"])
    return StageResult("extract", _paths(opened), tuple(written), counts, seconds, this_run.settings.record(), warnings)


def _paths(sources: Sequence[Source]) -> tuple[Path, ...]:
    return tuple(source.clip.path for source in sources)
