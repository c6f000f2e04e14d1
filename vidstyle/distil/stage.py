"""The distil stage: a teacher paints pictures once, and a student is trained on the pairs, in one run folder."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from vidstyle.distil.picture_source import PictureSource, list_sources
from vidstyle.distil.settings import DistilSettings
from vidstyle.distil.targets import Teacher, paint_targets
from vidstyle.errors import InputError
from vidstyle.models.style_file import find_style
from vidstyle.progress import OnProgress, StageResult
from vidstyle.run_folder import RunFolder
from vidstyle.train.resume_checks import claim_run
from vidstyle.train.stage import run as train

PHOTO_FOLDERS = ("trainA", "train_A")


def run(style: str, dataset: Path, runs: Path, settings: DistilSettings, on_progress: OnProgress) -> StageResult:
    """Fit a student to what `style` paints of photos and films, and keep everything in `runs/<name>`.

    The same call takes an unfinished run up. Raises StyleError for an unusable style, InputError where there is nothing to
    paint, SettingsError when the run exists with other settings, and what training raises.
    """
    began = time.monotonic()
    find_style(style, runs)
    student = settings.of_student(style, Path())
    folder = RunFolder(runs / student.name)
    targets = folder.path / "targets"
    sources = _sources(dataset, settings)
    counts = {"photos": len(sources), "paintings": len(sources), "steps": settings.steps}
    if settings.dry_run:
        return StageResult("distil", (dataset,), (), counts, time.monotonic() - began, settings.record())
    with claim_run(folder, settings.restart, on_progress):
        teacher = Teacher(str(find_style(style, runs)), settings, on_progress)
        paint_targets(sources, teacher, targets, settings.load, on_progress)
    result = train(targets, runs, settings.of_student(style, targets), on_progress)
    return replace(result, stage="distil", seconds=time.monotonic() - began, settings=settings.record())


def _sources(dataset: Path, settings: DistilSettings) -> Sequence[PictureSource]:
    """Return what is to be painted; raises InputError where there is nothing. Films alone will do."""
    folders = [Path(settings.photos)] if settings.photos else [dataset / name for name in PHOTO_FOLDERS]
    photos = next((folder for folder in folders if folder.is_dir()), None)
    if photos is None and (settings.photos or not settings.video):
        raise InputError(
            f"There is no folder {folders[0]}. Put photos of the kind you will paint there, or give --photos FOLDER or "
            "--video FILM."
        )
    sources = list_sources(photos, [Path(film) for film in settings.video], settings.frames)
    if not sources:
        raise InputError(f"The folder {photos} holds no pictures. Give --photos FOLDER or --video FILM.")
    return sources
