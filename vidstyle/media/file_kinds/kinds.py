"""What a file is: a picture, an animation, a video, or neither of them."""

from enum import Enum
from functools import lru_cache
from pathlib import Path

from vidstyle.errors import InputError
from vidstyle.media.file_kinds.picture_formats import (
    PICTURE_SUFFIXES,
    RAW_SUFFIXES,
    FolderContent,
    is_animation,
    is_picture,
    look_through,
)
from vidstyle.media.probe import VIDEO_SUFFIXES, open_source, probe

TEXT_FORMATS = ("tty", "bin", "xbin", "adf", "idf")
"""ffmpeg's formats that make video of text; it takes any text file for one of them."""


class Kind(Enum):
    """What a file is; an animation is a picture file that plays as a video too."""

    PICTURE = "picture"
    ANIMATION = "animation"
    VIDEO = "video"
    NEITHER = "neither"


def kind_of(path: Path) -> Kind:
    """Return what a file is by its content; one that is missing or empty counts by its suffix, and else as video."""
    try:
        status = path.stat()
    except OSError:
        return _look(path, -1, -1)
    return _look(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=1 << 16)
def _look(path: Path, size: int, modified_ns: int) -> Kind:
    """Look once as long as size and time stay."""
    suffix = path.suffix.lower()
    if is_picture(path):
        return Kind.ANIMATION if is_animation(path) else Kind.PICTURE
    if suffix in VIDEO_SUFFIXES or not path.is_file() or size == 0:
        return Kind.VIDEO
    if suffix in PICTURE_SUFFIXES:
        # Named as a picture and none: a video under a wrong name, or a broken picture, which reading it will say.
        return Kind.VIDEO if _plays(path) else Kind.PICTURE
    return Kind.VIDEO if suffix not in RAW_SUFFIXES and _plays(path) else Kind.NEITHER


def _plays(path: Path) -> bool:
    try:
        with open_source(path) as container:
            if container.format.name in TEXT_FORMATS:
                return False
        probe(path)
    except InputError:
        return False
    return True


def look_into(folder: Path) -> FolderContent:
    """Return the pictures and videos of a folder; raises InputError where it cannot be listed."""
    return look_through(folder, lambda path: _is_known(path) and kind_of(path) is not Kind.NEITHER)


def videos_of(folder: Path) -> FolderContent:
    """Return the videos of a folder; raises InputError where it cannot be listed."""
    return look_through(folder, lambda path: _is_known(path) and kind_of(path) is Kind.VIDEO)


def _is_known(path: Path) -> bool:
    """Return False for an empty file of which no suffix says that it is a picture or a video."""
    return path.stat().st_size > 0 or path.suffix.lower() in (*PICTURE_SUFFIXES, *VIDEO_SUFFIXES)
