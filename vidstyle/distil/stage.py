"""The distil stage: a teacher paints pictures once, and a student is trained on the pairs, in one run folder."""

import time
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import torch

from vidstyle.distil.picture_source import PictureSource, list_sources
from vidstyle.distil.settings import DistilSettings
from vidstyle.distil.targets import Teacher, paint_targets
from vidstyle.errors import InputError
from vidstyle.media.images import list_images, read_image
from vidstyle.models.int8_twin import LEAST_PSNR, load_twin, make_twin
from vidstyle.models.style_file import find_style
from vidstyle.pixels import to_device
from vidstyle.progress import OnProgress, StageResult
from vidstyle.report.contact_sheet import evenly_spaced
from vidstyle.run_folder import RunFolder
from vidstyle.train.resume_checks import claim_run
from vidstyle.train.stage import run as train

PHOTO_FOLDERS = ("trainA", "train_A")
MOST_SAMPLES = 16
"""Photos on which the ranges of the student in 8-bit integers are measured, those of one shape."""


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
    warnings = (*result.warnings, *_keep_twin(folder.style, targets, settings, on_progress))
    seconds = time.monotonic() - began
    return replace(result, stage="distil", seconds=seconds, settings=settings.record(), warnings=warnings)


def _keep_twin(style: Path, targets: Path, settings: DistilSettings, on_progress: OnProgress) -> list[str]:
    """Make the int8 twin of the student where that is asked for and missing; return a warning where it is too far from it."""
    if not (settings.int8 and find_spec("openvino") and find_spec("nncf")) or load_twin(style):
        return []
    photos = list_images(targets / "photos")
    first = read_image(photos[0]).shape
    pictures = [read_image(photos[number]) for number in evenly_spaced(len(photos), MOST_SAMPLES)]
    alike = [to_device(picture[None], torch.device("cpu")) for picture in pictures if picture.shape == first]
    psnr = make_twin(style, alike, on_progress)
    if psnr >= LEAST_PSNR:
        return []
    return [
        f"The student in 8-bit integers is not kept: it is {psnr:.1f} dB from the exact one, {LEAST_PSNR:.0f} are the least."
    ]


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
