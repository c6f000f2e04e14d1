"""The jobs of a render: which result each source becomes, and whether it may be written, found out before the work begins."""

import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from vidstyle.errors import InputError, OutputError
from vidstyle.files import as_output_error, free_bytes, is_file, is_folder, partial_path, refuse_existing, shortened
from vidstyle.media.codecs import CONTAINERS
from vidstyle.media.file_kinds.kinds import Kind, kind_of, look_into
from vidstyle.media.file_kinds.picture_formats import listed, natural_order
from vidstyle.media.images import WRITTEN_FORMATS
from vidstyle.source_paths import files_named_by, names_folder

FALLBACK_SUFFIX, PICTURE_FALLBACK_SUFFIX = ".mp4", ".png"
"""What a video of a container, and a picture of a format, that are not written become."""
BYTES_PER_MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Job:
    """One source and the file that its rendering becomes; `variant` counts the varied results of a source, from 0."""

    source: Path
    target: Path
    variant: int = 0

    @cached_property
    def is_image(self) -> bool:
        """Whether the source is a picture by its content; an animation is a video where the result is one."""
        kind = kind_of(self.source)
        if kind is Kind.ANIMATION:
            return self.target.suffix.lower() not in CONTAINERS
        return kind is Kind.PICTURE


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
    names = _Names()
    jobs = [job for file in files for job in _variants(Job(file, out / names.of(file)), variants)]
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
    content = look_into(source)
    if not content.files:
        others = f" It holds {listed(content.passed_over)}." if content.passed_over else ""
        raise InputError(f"The folder {source} holds no video and no image. Give another folder, or a file.{others}")
    return list(content.files)


def passed_over(sources: Sequence[Path]) -> list[str]:
    """Return a warning for each folder among the sources that names what in it is neither picture nor video."""
    return [text for source in sources if source.is_dir() for text in look_into(source).warnings]


class _Names:
    """The names of results in a folder; each depends on the source and what lies beside it alone, not on other sources."""

    def __init__(self) -> None:
        self._beside: dict[Path, dict[str, list[Path]]] = {}

    def of(self, source: Path) -> str:
        """Return the name of a source, with a suffix that is written: a.flv becomes a.mp4, or a.flv.mp4 beside another a.mp4."""
        usual = _usual_name(source)
        if usual == source.name or all(_usual_name(other) != usual for other in self._of_its_stem(source)):
            return usual
        return f"{source.name}{Path(usual).suffix}"

    def _of_its_stem(self, source: Path) -> list[Path]:
        """Return the other files of the source's folder that are named as it up to the suffix."""
        folder = source.parent
        if folder not in self._beside:
            self._beside[folder] = defaultdict(list)
            for path in folder.iterdir() if folder.is_dir() else ():
                self._beside[folder][path.stem].append(path)
        others = [path for path in self._beside[folder][source.stem] if path.name != source.name and path.is_file()]
        return [path for path in others if kind_of(path) is not Kind.NEITHER]


def _usual_name(source: Path) -> str:
    suffix = source.suffix.lower()
    kind = kind_of(source)
    if kind in (Kind.PICTURE, Kind.ANIMATION) and suffix in WRITTEN_FORMATS:
        return source.name
    if kind is Kind.PICTURE:
        return shortened(source.stem, PICTURE_FALLBACK_SUFFIX)
    return source.name if suffix in CONTAINERS else shortened(source.stem, FALLBACK_SUFFIX)


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
    """Raise OutputError when the file system of `target` says that it has less than `needed_bytes` free."""
    folder = next(parent for parent in target.absolute().parents if parent.is_dir())
    free = free_bytes(folder)
    if free is not None and free < needed_bytes:
        needed, left = (round(count / BYTES_PER_MEBIBYTE) for count in (needed_bytes, free))
        raise OutputError(
            f"{os.fspath(folder)} has {left:,} MiB free, {target.name} needs about {needed:,} MiB. "
            "Free some space, raise --crf, or write elsewhere with -o."
        )
