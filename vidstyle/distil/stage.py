"""The distil stage: a teacher paints pictures once, and a student is trained on the pairs, in one run folder."""

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from vidstyle.distil.picture_source import PictureSource, list_sources
from vidstyle.distil.settings import DistilSettings
from vidstyle.distil.targets import Teacher, paint_targets, painted_by
from vidstyle.errors import InputError
from vidstyle.models.int8_twin import LEAST_PSNR, find_twin, make_twin, too_far, twin_path, typical_pictures
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
    if missing := [path for path in settings.paintings if not (targets.is_dir() or Path(path).is_dir())]:
        raise InputError(
            f"There is no folder {missing[0]} of cartoon frames. Make it with `vidstyle extract`, or leave --paintings out."
        )
    sources = _sources(dataset, settings)
    counts = {"photos": len(sources), "paintings": len(sources), "steps": settings.steps}
    if settings.dry_run:
        return StageResult("distil", (dataset,), (), counts, time.monotonic() - began, settings.record())
    with claim_run(folder, settings.restart, on_progress):
        teacher = Teacher(str(find_style(style, runs)), settings, on_progress)
        paint_targets(sources, teacher, targets, settings.load, on_progress)
    result = train(targets, runs, settings.of_student(style, targets), on_progress)
    warnings = (*result.warnings, *_keep_twin(folder.style, targets, settings, on_progress))
    seconds = time.monotonic() - began
    return replace(result, stage="distil", seconds=seconds, settings=settings.record(), warnings=warnings)


def is_done(style: str, runs: Path, settings: DistilSettings) -> bool:
    """Whether an earlier call with these settings has fitted the student of `style`, which has not changed since.

    Raises StyleError for an unusable style.
    """
    folder = RunFolder(runs / settings.of_student(style, Path()).name)
    targets = folder.path / "targets"
    if not (folder.manifest.is_file() and folder.style.is_file()):
        return False
    trained = json.loads(folder.manifest.read_text(encoding="utf-8"))["settings"]
    student = settings.of_student(style, targets).record()
    return bool(trained == student) and painted_by(targets, str(find_style(style, runs)), settings)


def _keep_twin(style: Path, targets: Path, settings: DistilSettings, on_progress: OnProgress) -> list[str]:
    """Make the int8 twin of the student where that is asked for and missing; return a warning where it is too far from it."""
    if not (settings.int8 and find_spec("openvino") and find_spec("nncf")) or find_twin(style):
        return []
    pictures = typical_pictures(targets / "photos", settings.load)
    psnr = make_twin(style, pictures, twin_path(style), on_progress)
    return [] if psnr >= LEAST_PSNR else [f"The student in 8-bit integers is not kept: {too_far(psnr)}"]


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
