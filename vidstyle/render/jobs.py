"""From what the user names - files, folders, an output - to one job for each result."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vidstyle.errors import InputError, OutputError
from vidstyle.media.codecs import CONTAINERS
from vidstyle.media.images import IMAGE_SUFFIXES, natural_order
from vidstyle.media.probe import VIDEO_SUFFIXES

FALLBACK_SUFFIX = ".mp4"


@dataclass(frozen=True)
class Job:
    """One source and the file that its rendering becomes."""

    source: Path
    target: Path

    @property
    def is_image(self) -> bool:
        """Whether the source is a picture; everything else is taken for video."""
        return self.source.suffix.lower() in IMAGE_SUFFIXES


def plan_jobs(sources: Sequence[Path], out: Path) -> list[Job]:
    """Return the jobs for `sources` into the file or folder `out`.

    Raises InputError for missing or empty sources, OutputError when several results would go into one file.
    """
    files = [file for source in sources for file in _files(source)]
    single = len(sources) == 1 and not sources[0].is_dir()
    if single and not out.is_dir() and out.suffix:
        return [Job(files[0], out)]
    if out.is_file():
        raise OutputError(f"{out} is a file, but {len(files)} results are to be written. Give a folder with -o.")
    jobs = [Job(file, out / _name(file)) for file in files]
    _check_distinct(jobs)
    return jobs


def _files(source: Path) -> list[Path]:
    if not source.is_dir():
        return [source]
    known = (*IMAGE_SUFFIXES, *VIDEO_SUFFIXES)
    found = [one for one in source.iterdir() if one.suffix.lower() in known and not one.name.startswith(".")]
    if not found:
        raise InputError(f"The folder {source} holds no video and no image. Give another folder, or a file.")
    return sorted((one for one in found if one.is_file()), key=natural_order)


def _name(source: Path) -> str:
    suffix = source.suffix.lower()
    kept = suffix in IMAGE_SUFFIXES or suffix in CONTAINERS
    return source.name if kept else f"{source.stem}{FALLBACK_SUFFIX}"


def _check_distinct(jobs: list[Job]) -> None:
    sources: dict[Path, Path] = {}
    for job in jobs:
        if job.target in sources:
            raise OutputError(
                f"{sources[job.target]} and {job.source} would both become {job.target}. Render them into two folders."
            )
        sources[job.target] = job.source
