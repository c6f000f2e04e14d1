"""The extract stage: episodes in, a folder of their best frames out."""

import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from vidstyle.analysis.drawings import fused
from vidstyle.analysis.looks import Look
from vidstyle.analysis.scale import shrink
from vidstyle.analysis.sharpness import picture_sharpness
from vidstyle.atomic import StageResult
from vidstyle.errors import OutputError
from vidstyle.extract.candidate import Candidate
from vidstyle.extract.choose import choose, drop_faded
from vidstyle.extract.deblur import Deblur, apply, deblurrer
from vidstyle.extract.manifest import Manifest, frame_settings
from vidstyle.extract.observe import borders_of
from vidstyle.extract.picture import finished
from vidstyle.extract.sample import sample
from vidstyle.extract.settings import ExtractSettings
from vidstyle.extract.sources import Source, find_files, open_sources
from vidstyle.media.clip import Clip
from vidstyle.media.images import list_images, read_image, write_image
from vidstyle.media.read import VideoReader
from vidstyle.progress import OnProgress, Progress, silent


@dataclass
class _Run:
    """What one run has gathered."""

    settings: ExtractSettings
    target: Path
    staging: Path
    earlier: frozenset[str]
    deblur: Deblur
    on_progress: OnProgress
    candidates: list[Candidate] = field(default_factory=list)
    entries: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


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
    with _staging(target) as staging:
        one_run = _Run(settings, target, staging, frozenset(before.kept_files()), deblur, on_progress)
        for source in fresh:
            _read(one_run, source)
        choose(one_run.candidates, _present(one_run), settings)
        written = _write(one_run)
    if fresh:
        manifest.add(_entries(one_run))
        manifest.write(settings)
    if settings.overwrite:
        _remove(target, one_run.earlier - {path.name for path in written})
    return _result(one_run, opened, fresh, written, time.monotonic() - began)


def _unread(opened: Sequence[Source], manifest: Manifest, settings: ExtractSettings) -> list[Source]:
    by_identity = {source.identity: source for source in reversed(opened)}
    return [one for one in opened if by_identity[one.identity] is one and not manifest.holds(one, settings)]


@contextmanager
def _staging(target: Path) -> Iterator[Path]:
    """Yield a hidden folder inside `target` for the pictures of candidates; it goes away in any case."""
    staging = target / ".candidates"
    try:
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True)
        yield staging
    except PermissionError as error:
        raise OutputError(f"Cannot write into {target}: {error.strerror}. Check its rights.") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _remove(folder: Path, names: Iterable[str]) -> None:
    for name in names:
        (folder / name).unlink(missing_ok=True)


def _read(one_run: _Run, source: Source) -> None:
    """Stream one source: note its candidates, and put the pictures of those not yet dropped aside."""
    settings, clip, first = one_run.settings, source.clip, len(one_run.candidates)
    box = borders_of(clip, settings) if settings.crop_borders else None
    done = 0

    def show(frames: int) -> None:
        nonlocal done
        done += frames
        one_run.on_progress(Progress(f"read {clip.path.name}", done, _expected_frames(clip, settings)))

    with VideoReader(clip, start_seconds=settings.start, end_seconds=settings.end) as reader:
        for candidate, frames in sample(source, reader, box, settings, show):
            one_run.candidates.append(candidate)
            if candidate.kept:
                pictures = [finished(one.picture, box) for one in (frames if settings.fuse else frames[:1])]
                picture, candidate.copies = fused(pictures)
                picture = _scaled(picture, settings.size)
                candidate.look = Look.of(picture)
                write_image(_staged(one_run, candidate), picture)
    drop_faded(one_run.candidates[first:])
    report = reader.report
    if done != _expected_frames(clip, settings):
        one_run.on_progress(Progress(f"read {clip.path.name}", done, done))
    one_run.warnings += report.warnings
    one_run.entries.append(
        {
            "path": str(clip.path),
            "identity": source.identity,
            "name": source.name,
            "settings": frame_settings(settings),
            "frames": report.frames,
            "box": None if box is None else [box.left, box.top, box.right, box.bottom],
            "warnings": report.warnings,
        }
    )


def _expected_frames(clip: Clip, settings: ExtractSettings) -> int | None:
    if settings.end is None and clip.duration is None:
        return None
    last = min(settings.end or float("inf"), float(clip.duration or "inf"))
    return max(1, round((last - (settings.start or 0.0)) * clip.frame_rate))


def _scaled(rgb: np.ndarray, size: int | None) -> np.ndarray:
    return shrink(rgb, size) if size else rgb


def _staged(one_run: _Run, candidate: Candidate) -> Path:
    return (one_run.staging / candidate.name).with_suffix(".png")


def _present(one_run: _Run) -> list[tuple[str, Look]]:
    """Return the looks of images that stay in the folder: not what this run replaces, nor the orphans of a broken-off run."""
    replaced = {one.name for one in one_run.candidates} - one_run.earlier
    replaced |= one_run.earlier if one_run.settings.overwrite else set()
    return [(path.name, Look.of(read_image(path))) for path in list_images(one_run.target) if path.name not in replaced]


def _write(one_run: _Run) -> list[Path]:
    """Deblur and write what is kept; return the files."""
    settings = one_run.settings
    chosen = [one for one in one_run.candidates if one.kept]
    written = []
    for done, candidate in enumerate(chosen, 1):
        staged = read_image(_staged(one_run, candidate))
        picture, candidate.deblurred = apply(one_run.deblur, settings.deblur, staged)
        candidate.sharpness_written = picture_sharpness(picture)
        if max(candidate.sharpness_written, candidate.sharpness) < settings.min_sharpness:
            candidate.reason = "soft"
        else:
            write_image(one_run.target / candidate.name, picture)
            written.append(one_run.target / candidate.name)
        one_run.on_progress(Progress("write", done, len(chosen), "pictures"))
    return written


def _entries(one_run: _Run) -> list[dict[str, Any]]:
    return [
        {**entry, "candidates": [one.record() for one in one_run.candidates if one.source == entry["name"]]}
        for entry in one_run.entries
    ]


def _plan(opened: Sequence[Source], fresh: Sequence[Source], settings: ExtractSettings, seconds: float) -> StageResult:
    frames = [_expected_frames(one.clip, settings) or 0 for one in fresh]
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
        "frames": sum(entry["frames"] for entry in one_run.entries),
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
        tuple(one_run.warnings),
    )
