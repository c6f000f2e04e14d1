"""The jobs of a render: which result each source becomes, and whether it may be written, found out before the work begins."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vidstyle.errors import InputError, OutputError
from vidstyle.files import as_output_error, is_file, is_folder, partial_path, refuse_existing, shortened
from vidstyle.media.codecs import CONTAINERS
from vidstyle.media.images import IMAGE_SUFFIXES, natural_order
from vidstyle.media.probe import VIDEO_SUFFIXES
from vidstyle.source_paths import files_named_by, names_folder

FALLBACK_SUFFIX = ".mp4"
"""What a video of another container becomes."""
BYTES_PER_MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Job:
    """One source and the file that its rendering becomes; `variant` counts the varied results of a source, from 0."""

    source: Path
    target: Path
    variant: int = 0

    @property
    def is_image(self) -> bool:
        """Whether the source is a picture; everything else is taken for video."""
        return self.source.suffix.lower() in IMAGE_SUFFIXES


def plan_jobs(sources: Sequence[Path], target: str | os.PathLike[str], variants: int = 1) -> list[Job]:
    """Return the jobs for `sources`, or for the files that they name as patterns, several for each that is to have `variants`.

    The `target` is a folder where it is one, ends with a slash, or has no suffix, and for several sources. Raises InputError
    for missing or empty sources, OutputError when several results would go into one file.
    """
    files, out = [file for source in sources for file in _files(source)], Path(target)
    single = len(files) == 1 and not is_folder(sources[0])
    if single and not is_folder(out) and not names_folder(target) and out.suffix:
        return _variants(Job(files[0], out), variants)
    if is_file(out):
        raise OutputError(f"{out} is a file, but {len(files)} results are to be written. Give a folder with -o.")
    jobs = [job for file in files for job in _variants(Job(file, out / _name(file)), variants)]
    _check_distinct(jobs)
    return jobs


def _variants(job: Job, count: int) -> list[Job]:
    if count < 2:
        return [job]
    width = max(2, len(str(count)))
    ends = [f"_{number + 1:0{width}}{job.target.suffix}" for number in range(count)]
    names = [shortened(job.target.stem, end) for end in ends]
    return [Job(job.source, job.target.with_name(name), number) for number, name in enumerate(names)]


def _files(source: Path) -> list[Path]:
    if not is_folder(source):
        return sorted(files_named_by(source), key=natural_order)
    suffixes = (*IMAGE_SUFFIXES, *VIDEO_SUFFIXES)
    found = [path for path in source.iterdir() if path.suffix.lower() in suffixes and not path.name.startswith(".")]
    if not found:
        raise InputError(f"The folder {source} holds no video and no image. Give another folder, or a file.")
    return sorted((path for path in found if path.is_file()), key=natural_order)


def _name(source: Path) -> str:
    suffix = source.suffix.lower()
    keeps_its_name = suffix in IMAGE_SUFFIXES or suffix in CONTAINERS
    return source.name if keeps_its_name else shortened(source.stem, FALLBACK_SUFFIX)


def _check_distinct(jobs: list[Job]) -> None:
    sources: dict[Path, Path] = {}
    for job in jobs:
        if job.target in sources:
            raise OutputError(
                f"{sources[job.target]} and {job.source} would both become {job.target}. Render them into two folders."
            )
        sources[job.target] = job.source


def check_target(source: Path, target: Path, *, overwrite: bool) -> None:
    """Raise OutputError where `target` is the source itself, a folder, or cannot be created; TargetExists where it is there."""
    if _same(source, target):
        raise OutputError(f"{target} is the source itself. Give another name with -o.")
    with as_output_error(target):
        target.exists()  # which too long a name refuses
    if target.is_dir():
        raise OutputError(f"{target} is a folder. Give the name of a file in it with -o.")
    refuse_existing(target, overwrite)
    _try_to_create(target)


def _same(source: Path, target: Path) -> bool:
    """Whether both names lead to one file, also through links."""
    try:
        return source.samefile(target)
    except OSError:
        return source.resolve() == target.resolve()


def _try_to_create(target: Path) -> None:
    with as_output_error(target):
        folder = next(parent for parent in target.absolute().parents if parent.exists() or parent.is_symlink())
    trial = folder / partial_path(target).name
    try:
        trial.touch()
        trial.unlink()
    except OSError as error:
        raise OutputError(
            f"Cannot write into {folder}: {error.strerror}. Choose a folder that can be written with -o."
        ) from error


def check_space(target: Path, needed_bytes: int) -> None:
    """Raise OutputError when the file system of `target` has less than `needed_bytes` free."""
    folder = next(parent for parent in target.absolute().parents if parent.is_dir())
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        needed, left = (round(count / BYTES_PER_MEBIBYTE) for count in (needed_bytes, free))
        raise OutputError(
            f"{os.fspath(folder)} has {left:,} MiB free, {target.name} needs about {needed:,} MiB. "
            "Free some space, raise --crf, or write elsewhere with -o."
        )
